"""Figures about the service for Prometheus, and whether it is well. Owner of prometheus_client."""
