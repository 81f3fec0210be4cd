"""FHIR: what happens here reaches the EMR, and what the EMR knows arrives; nothing lost, nothing twice, in order."""
