"""Whether an application uses the MFA API rightly: its calls as facts, rules about them, and a report."""
