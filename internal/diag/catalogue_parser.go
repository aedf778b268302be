package diag

// ParserKinds are what the HCL parser and the evaluation of expressions say, in
// the words of hashicorp/hcl v2.25. What is not here is an error of syntax.
func ParserKinds() []Kind {
	return []Kind{
		{"block-labels", []string{"Missing name for *", "Missing label for *", "Extraneous label for *", "Missing block label"}},
		{"condition", []string{
			"Incorrect condition type", "Condition is null", "Null condition", "Inconsistent conditional result types",
		}},
		{"constant-needed", []string{"Variables not allowed", "Function calls not allowed"}},
		{"duplicate-argument", []string{"Attribute redefined", "Duplicate argument", "Duplicate attribute definition"}},
		{"dynamic-block", []string{
			"Bad for_each", "Invalid dynamic for_each value", "Invalid dynamic block label", "Invalid dynamic iterator name",
			"Extraneous dynamic block label", "Extraneous dynamic content block", "Insufficient dynamic block labels", "Missing dynamic content block",
		}},
		{"function-call", []string{
			"Invalid function argument", "Error in function call", "Not enough function arguments", "Too many function arguments",
			"Invalid expanding argument value",
		}},
		{"iteration", []string{
			"Iteration over null value", "Iteration over non-iterable value", "Invalid 'for' condition", "Duplicate object key", "Invalid object key",
			"Invalid object key expression", "Null value as key", "Incorrect key type", "Splat of null value",
		}},
		{"no-such-element", []string{
			"Unsupported attribute", "Invalid index", "Attempt to get attribute from null value", "Attempt to index null value", "Missing map element",
		}},
		{"operation", []string{"Invalid operand", "Operation failed", "Unsupported operator"}},
		{"syntax", []string{"Invalid expression", "Missing expression", "Argument or block definition required", "Unclosed configuration block", "Invalid character encoding"}},
		{"template-value", []string{"Invalid template interpolation value"}},
		{"unknown-argument", []string{"Unsupported argument", "Extraneous JSON object property", "Argument that a module does not take", "Unknown argument in ignore_changes"}},
		{"unknown-block", []string{"Unsupported block type"}},
		{"unknown-function", []string{"Call to unknown function"}},
	}
}
