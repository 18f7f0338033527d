"""Whether what an environment keeps is what it stored: every file against its digest, every store against the next."""

from retailstream.integrity.damage import Damage, Findings
from retailstream.integrity.verifying import Holdings, verify

__all__ = ["Damage", "Findings", "Holdings", "verify"]
