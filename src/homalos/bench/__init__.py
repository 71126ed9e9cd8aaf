"""The benchmark suite: ``homalos bench``. Every latency has its no-work control beside it."""
