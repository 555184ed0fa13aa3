"""The program `tongban`: starts the product, looks after its database, and what an operator types.

Reading order: main (the list of commands), supervisor (what `tongban up` keeps alive), postgres (the
embedded server), database (tables and rights), preparation (what a start does before the doors open).
"""
