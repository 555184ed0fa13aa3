"""The product under fire: lawful traffic from many clerks while its parts are killed, filled, slowed and cut off.

`make fire MINUTES=10` runs it. It can be pointed at nothing: it starts a product of its own on the loopback, over
a folder of its own, and signals only processes that bear that folder's mark. Every random choice comes from the
seed that is printed first; the same seed makes the same choices, though not at the same moments.
"""
