"""Doses and regimens."""
