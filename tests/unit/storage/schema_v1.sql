-- The tables as version 1 made them. Never edit: databases of that version are out there.
CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, ts INTEGER NOT NULL) STRICT;
CREATE TABLE "instruments" (
   "id" TEXT NOT NULL,
   "trading_day" INTEGER NOT NULL,
   "exchange" TEXT NOT NULL,
   "symbol" TEXT NOT NULL,
   "product" TEXT NOT NULL,
   "name" TEXT NOT NULL,
   "multiplier" REAL NOT NULL,
   "tick_size" REAL NOT NULL,
   "min_lots" INTEGER NOT NULL,
   "max_limit_lots" INTEGER NOT NULL,
   "max_market_lots" INTEGER NOT NULL,
   "delivery_month" INTEGER NOT NULL,
   "limit_ratio" REAL NOT NULL,
   "splits_today" INTEGER NOT NULL,
   "detail" TEXT NOT NULL,
   PRIMARY KEY ("id", "trading_day")
) STRICT;
CREATE TABLE "ticks" (
   "seq" INTEGER PRIMARY KEY,
   "instrument" TEXT NOT NULL,
   "ts_event" INTEGER NOT NULL,
   "ts_init" INTEGER NOT NULL,
   "trading_day" INTEGER NOT NULL,
   "last_price" REAL,
   "volume" INTEGER NOT NULL,
   "turnover" REAL,
   "open_interest" REAL,
   "bid_price" REAL,
   "bid_lots" INTEGER NOT NULL,
   "ask_price" REAL,
   "ask_lots" INTEGER NOT NULL,
   "open_price" REAL,
   "high_price" REAL,
   "low_price" REAL,
   "pre_settlement" REAL,
   "pre_close" REAL,
   "pre_open_interest" REAL,
   "upper_limit" REAL,
   "lower_limit" REAL,
   "settlement" REAL,
   "depth" TEXT
) STRICT;
CREATE TABLE "bars" (
   "instrument" TEXT NOT NULL,
   "period" TEXT NOT NULL,
   "ts_open" INTEGER NOT NULL,
   "ts_event" INTEGER NOT NULL,
   "ts_init" INTEGER NOT NULL,
   "trading_day" INTEGER NOT NULL,
   "open" REAL NOT NULL,
   "high" REAL NOT NULL,
   "low" REAL NOT NULL,
   "close" REAL NOT NULL,
   "volume" INTEGER NOT NULL,
   "turnover" REAL,
   "open_interest" REAL,
   "open_interest_change" REAL,
   "ticks" INTEGER NOT NULL,
   PRIMARY KEY ("instrument", "period", "ts_event")
) STRICT;
CREATE TABLE "orders" (
   "seq" INTEGER PRIMARY KEY,
   "id" TEXT NOT NULL,
   "intent_id" TEXT NOT NULL,
   "account" TEXT NOT NULL,
   "strategy" TEXT NOT NULL,
   "trading_day" INTEGER,
   "instrument" TEXT NOT NULL,
   "side" TEXT NOT NULL,
   "offset" TEXT NOT NULL,
   "kind" TEXT NOT NULL,
   "tif" TEXT NOT NULL,
   "price" REAL NOT NULL,
   "lots" INTEGER NOT NULL,
   "status" TEXT NOT NULL,
   "traded_lots" INTEGER NOT NULL,
   "booked_lots" INTEGER NOT NULL,
   "average_price" REAL,
   "venue_order_id" TEXT,
   "code" INTEGER NOT NULL,
   "message" TEXT NOT NULL,
   "cancel_requested" INTEGER NOT NULL,
   "ts_init" INTEGER NOT NULL,
   "ts_trigger" INTEGER NOT NULL,
   "ts_event" INTEGER NOT NULL,
   "ts_updated" INTEGER NOT NULL
) STRICT;
CREATE TABLE "order_events" (
   "seq" INTEGER PRIMARY KEY,
   "order_id" TEXT NOT NULL,
   "event" TEXT NOT NULL,
   "ts" INTEGER NOT NULL,
   "trading_day" INTEGER,
   "status" TEXT NOT NULL,
   "traded_lots" INTEGER NOT NULL,
   "average_price" REAL,
   "venue_order_id" TEXT,
   "code" INTEGER NOT NULL,
   "message" TEXT NOT NULL,
   "detail" TEXT
) STRICT;
CREATE TABLE "trades" (
   "seq" INTEGER PRIMARY KEY,
   "id" TEXT NOT NULL,
   "order_id" TEXT,
   "venue_order_id" TEXT,
   "account" TEXT NOT NULL,
   "strategy" TEXT NOT NULL,
   "trading_day" INTEGER NOT NULL,
   "instrument" TEXT NOT NULL,
   "side" TEXT NOT NULL,
   "offset" TEXT NOT NULL,
   "price" REAL NOT NULL,
   "lots" INTEGER NOT NULL,
   "fee" REAL NOT NULL,
   "closed_profit" REAL NOT NULL,
   "ts_event" INTEGER NOT NULL,
   "ts_init" INTEGER NOT NULL
) STRICT;
CREATE TABLE "positions" (
   "account" TEXT NOT NULL,
   "trading_day" INTEGER NOT NULL,
   "instrument" TEXT NOT NULL,
   "direction" TEXT NOT NULL,
   "today_lots" INTEGER NOT NULL,
   "yesterday_lots" INTEGER NOT NULL,
   "frozen_today" INTEGER NOT NULL,
   "frozen_yesterday" INTEGER NOT NULL,
   "average_price" REAL NOT NULL,
   "cost_price" REAL NOT NULL,
   "margin" REAL NOT NULL,
   "position_profit" REAL NOT NULL,
   "last_price" REAL,
   "ts" INTEGER NOT NULL,
   PRIMARY KEY ("account", "trading_day", "instrument", "direction")
) STRICT;
CREATE TABLE "books" (
   "strategy" TEXT NOT NULL,
   "trading_day" INTEGER NOT NULL,
   "instrument" TEXT NOT NULL,
   "net_lots" INTEGER NOT NULL,
   "average_price" REAL NOT NULL,
   "closed_profit" REAL NOT NULL,
   "position_profit" REAL NOT NULL,
   "fees" REAL NOT NULL,
   "ts" INTEGER NOT NULL,
   PRIMARY KEY ("strategy", "trading_day", "instrument")
) STRICT;
CREATE TABLE "account" (
   "seq" INTEGER PRIMARY KEY,
   "account" TEXT NOT NULL,
   "ts" INTEGER NOT NULL,
   "trading_day" INTEGER NOT NULL,
   "pre_balance" REAL NOT NULL,
   "deposit" REAL NOT NULL,
   "withdraw" REAL NOT NULL,
   "closed_profit" REAL NOT NULL,
   "position_profit" REAL NOT NULL,
   "fees" REAL NOT NULL,
   "margin" REAL NOT NULL,
   "frozen_margin" REAL NOT NULL,
   "frozen_fees" REAL NOT NULL,
   "balance" REAL NOT NULL,
   "available" REAL NOT NULL
) STRICT;
CREATE TABLE "audit" (
   "seq" INTEGER PRIMARY KEY,
   "ts" INTEGER NOT NULL,
   "trading_day" INTEGER,
   "kind" TEXT NOT NULL,
   "severity" TEXT NOT NULL,
   "who" TEXT NOT NULL,
   "action" TEXT NOT NULL,
   "target" TEXT NOT NULL,
   "result" TEXT NOT NULL,
   "detail" TEXT
) STRICT;
CREATE TABLE "imports" (
   "hash" TEXT PRIMARY KEY NOT NULL,
   "path" TEXT NOT NULL,
   "format" TEXT NOT NULL,
   "first_seq" INTEGER,
   "last_seq" INTEGER,
   "rows" INTEGER NOT NULL,
   "report" TEXT,
   "ts_started" INTEGER NOT NULL,
   "ts_finished" INTEGER
) STRICT;
CREATE TABLE "store_state" (
   "key" TEXT PRIMARY KEY NOT NULL,
   "value" TEXT NOT NULL
) STRICT;
CREATE INDEX "idx_ticks_instrument_trading_day_ts_event"
    ON "ticks" ("instrument", "trading_day", "ts_event");
CREATE INDEX "idx_ticks_trading_day_ts_event"
    ON "ticks" ("trading_day", "ts_event");
CREATE UNIQUE INDEX "idx_orders_id"
    ON "orders" ("id");
CREATE INDEX "idx_orders_trading_day"
    ON "orders" ("trading_day");
CREATE INDEX "idx_order_events_order_id"
    ON "order_events" ("order_id");
CREATE UNIQUE INDEX "idx_trades_account_trading_day_instrument_id_side"
    ON "trades" ("account", "trading_day", "instrument", "id", "side");
CREATE INDEX "idx_trades_order_id"
    ON "trades" ("order_id");
CREATE INDEX "idx_account_account_ts"
    ON "account" ("account", "ts");
CREATE INDEX "idx_audit_kind"
    ON "audit" ("kind");
INSERT INTO schema_migrations VALUES (1, 'tables', 0);
