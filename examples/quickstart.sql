-- Online auctions, made in process: which auctions are hot?
-- Events of 400 s of event time stream through event-time windows; a window is closed when the
-- watermark, four seconds behind the newest event, has passed its end.
CREATE TABLE nexmark (
    event_type INT,
    person ROW<id BIGINT, name VARCHAR, emailAddress VARCHAR, creditCard VARCHAR, city VARCHAR,
               state VARCHAR, `dateTime` TIMESTAMP(3), extra VARCHAR>,
    auction ROW<id BIGINT, itemName VARCHAR, description VARCHAR, initialBid BIGINT, reserve BIGINT,
                `dateTime` TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra VARCHAR>,
    bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, url VARCHAR,
            `dateTime` TIMESTAMP(3), extra VARCHAR>,
    `dateTime` AS CASE
        WHEN event_type = 0 THEN person.`dateTime`
        WHEN event_type = 1 THEN auction.`dateTime`
        ELSE bid.`dateTime`
    END,
    WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH (
    'connector' = 'nexmark',
    'events.num' = '40000000',
    'first-event.rate' = '100000',
    'next-event.rate' = '100000'
);

CREATE VIEW bid AS
SELECT bid.auction, bid.bidder, bid.price, `dateTime` FROM nexmark WHERE event_type = 2;

-- Bids on each auction, and on all of them, in windows of ten seconds.
CREATE VIEW auction_bids AS
SELECT auction, count(*) AS bids, max(price) AS top_price, window_start, window_end
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
GROUP BY auction, window_start, window_end;

CREATE VIEW all_bids AS
SELECT count(*) AS bids, window_start, window_end
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;

-- The auctions with the largest share of their window's bids.
SELECT a.window_start, a.auction, a.bids, a.top_price,
       CAST(100.0 * a.bids / w.bids AS DECIMAL(5, 3)) AS percent
FROM auction_bids AS a
JOIN all_bids AS w ON a.window_start = w.window_start AND a.window_end = w.window_end
WHERE a.bids > 100
ORDER BY percent DESC, a.window_start, a.auction
LIMIT 10;
