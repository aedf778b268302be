package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	//nolint:forbidigo // main is what touches the process
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(directories []string, stdout, stderr io.Writer) (exit int) {
	for _, dir := range directories {
		tests, err := Find(dir)
		if err != nil {
			_, _ = fmt.Fprintf(stderr, "waiting: %v\n", err)
			exit = 1
		}
		for _, test := range tests {
			_, _ = fmt.Fprintf(stdout, "%s\t%s\n", dir, test)
		}
	}
	return exit
}
