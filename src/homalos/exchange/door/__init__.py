"""The CTP door of the simulated exchange: md and td fronts on TCP, for any number of clients."""
