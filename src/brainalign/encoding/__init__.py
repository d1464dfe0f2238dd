"""TRF estimators, nested selection and scores."""
