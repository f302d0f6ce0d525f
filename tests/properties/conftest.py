"""The profile of the property tests: the same examples in every run, in a minute."""

from properties.profiles import load

load("ci")
