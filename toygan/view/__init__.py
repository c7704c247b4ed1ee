"""What a picture or a page needs, as numbers and words."""
