"""What users write and what lies on disk: the one strict parser, scenarios, files that appear whole."""
