export interface Parcel {
  weightKg: number;
  lengthCm: number;
  widthCm: number;
  heightCm: number;
  express?: boolean;
}

/** Carriers charge for the larger of what a parcel weighs and what its volume would weigh. */
export function chargeableWeight(parcel: Parcel): number {
  const volumetric = (parcel.lengthCm * parcel.widthCm * parcel.heightCm) / 5000;
  return Math.max(parcel.weightKg, volumetric);
}

export function parcelRate(parcel: Parcel): number {
  const weight = chargeableWeight(parcel);
  let rate = 4.9;
  if (weight > 2) rate = 6.9;
  if (weight > 5) rate = 9.4;
  if (weight > 10) rate = 9.4 + Math.ceil(weight - 10) * 0.65;
  if (parcel.express) rate = rate * 1.75;
  return Math.round(rate * 100) / 100;
}
