// Three small programs of the testbed's own, from the standard library alone.
module testbed/small

go 1.26.0
