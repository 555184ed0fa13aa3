"""The public's door: verification of documents; the portal grows here."""
