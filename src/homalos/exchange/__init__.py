"""The simulated exchange: matching, call auctions, fees, margin, positions, settlement, its own
ledger, and what feeds it (a recording or a generated market). It knows no bus and no strategy."""
