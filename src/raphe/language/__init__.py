"""Text -> Model."""
