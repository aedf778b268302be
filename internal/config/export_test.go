package config

// ParseEnvFile reads a file of variables.
func ParseEnvFile(text string, known map[string]string) (map[string]string, int, string) {
	return parseEnvFile(text, known)
}
