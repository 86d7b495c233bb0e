"""Access control: Lambda authorizers, IAM principals, policies and signatures. Sans-I/O."""
