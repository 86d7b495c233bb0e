"""The management API through boto3: one attempt is a blocking call, and calls run on threads."""
