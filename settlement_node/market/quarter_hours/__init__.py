"""A meter's quarter hours as grid operators and communities exchange them: sheets and tables."""
