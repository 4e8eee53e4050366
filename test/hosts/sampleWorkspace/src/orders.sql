SELECT customer.name, count(*) AS parcels, sum(parcel.rate) AS spent
FROM parcel
JOIN customer ON customer.id = parcel.customer_id
WHERE parcel.sent_at >= date('now', '-30 days')
GROUP BY customer.id
ORDER BY spent DESC
LIMIT 10;
