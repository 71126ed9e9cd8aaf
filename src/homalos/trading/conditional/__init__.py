"""Conditional orders, held by the daemon: stop, stop-limit, take-profit, trailing, OCO, bracket.

``triggers``  pure: which price, whether it has come, where a trailing trigger goes
``book``      every conditional order, found by id, by group and by contract; the life table holds
``groups``    pure: what the legs of one group have sold and what is left
``placing``   pure: whether orders can be held at all
``sending``   from a trigger to its one intent: what works for the same lots is cancelled first
``telling``   what is said of an order
``keeper``    the actor: commands, ticks, order facts, time, restarts
"""
