"""How hypothesis runs the properties: always alike in CI, by fresh seeds elsewhere."""

from hypothesis import HealthCheck, settings

__all__ = ["load"]

# A fit takes as long as it takes; an example of a failure is printed, not stored.
ALWAYS = {
    "database": None,
    "deadline": None,
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("ci", derandomize=True, **ALWAYS)
settings.register_profile(
    "fuzz", derandomize=False, report_multiple_bugs=False, **ALWAYS
)


def load(name):
    """Make a profile that of all properties that are imported from now on."""
    settings.load_profile(name)
