"""Ask the vendor what was missed: ingest from its API, and complete what was only mentioned."""
