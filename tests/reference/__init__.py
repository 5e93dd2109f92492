"""Independent references that the tests compare the library with."""
