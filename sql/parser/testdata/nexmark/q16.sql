INSERT INTO nexmark_q16
SELECT channel, DATE_FORMAT(dateTime, 'yyyy-MM-dd') as day, max(DATE_FORMAT(dateTime, 'HH:mm')) as minute, count(*) AS total_bids,
    count(distinct auction) filter (where price >= 10000 and price < 1000000) AS rank2_auctions
FROM bid GROUP BY channel, DATE_FORMAT(dateTime, 'yyyy-MM-dd');
