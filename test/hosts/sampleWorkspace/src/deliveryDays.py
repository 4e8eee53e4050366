from datetime import date, timedelta


def delivery_day(sent: date, days: int, holidays: set[date]) -> date:
    """The working day on which a parcel arrives that takes so many working days."""
    day = sent
    while days > 0:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in holidays:
            days -= 1
    return day
