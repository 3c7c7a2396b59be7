"""Relying parties that show how to connect to Hutong. They never import the provider."""
