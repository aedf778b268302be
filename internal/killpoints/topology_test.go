package killpoints_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// operation is what is killed.
type operation string

// The operations in the order of a life. A purge is a destroy with everything.
const (
	apply   operation = "apply"
	replace operation = "replacement"
	destroy operation = "destroy"
	purge   operation = "destroy -volumes -images"
)

func operations() []operation { return []operation{apply, replace, destroy, purge} }

// topology is a configuration in two editions.
type topology struct {
	name string
	// write puts the configuration into a directory; the second edition replaces
	// things and gives the job a reason to run again.
	write func(dir string, edition int) error
	// daemon is the label of the daemon that the job is inside; empty for none.
	daemon string
	// marked is the label of the volume that has to keep its content.
	marked string
	runs   string // the file that the job writes to, below the directory
}

const (
	bashImage      = "dindctl.local/bash"
	dindImage      = "dindctl.local/dind"
	controllerBase = "dindctl.local/base-controller"
)

// small is a topology without a nested daemon, with every kind of object that can
// do without one, and every kind of call.
func small() topology {
	return topology{name: "small", marked: "data", runs: "out/runs", write: func(dir string, edition int) error {
		internal := ""
		if edition == 2 {
			internal = "  internal = true\n"
		}
		return write(dir, map[string]string{
			"app/Dockerfile": "FROM " + bashImage + "\nCOPY hello /hello\n",
			"app/hello":      "hello\n",
			"out/.keep":      "",
			"main.hcl": fmt.Sprintf(`
network "front" {}

network "back" {
%s}

volume "data" {}

image "app" {
  build {
    context = "./app"
  }
}

container "web" {
  image       = image.app
  command     = ["sleep", "1000"]
  init        = true
  networks    = [network.front, network.back]
  environment = { EDITION = "%d" }

  mount {
    type   = "volume"
    source = volume.data
    target = "/data"
  }

  file {
    path    = "/etc/web.conf"
    content = "one line\n"
  }
}

job "once" {
  inside     = daemon.root
  image      = %q
  command    = ["sh", "-c", "echo %d >> /out/runs"]
  depends_on = [container.web]

  mount {
    source = %q
    target = "/out"
  }
}
`, internal, edition, bashImage, edition, filepath.Join(dir, "out")),
		})
	}}
}

// case2 is the example of that name, with a job that leaves a trace of each run.
func case2() topology {
	return topology{name: "case2", daemon: "dind", marked: "images", runs: "runs", write: func(dir string, edition int) error {
		text, err := os.ReadFile("../../examples/case2.hcl")
		if err != nil {
			return err
		}
		config := strings.NewReplacer(
			`["ls", "-al", "/repo"]`, fmt.Sprintf(`["sh", "-c", "echo %d >> /repo/runs"]`, edition),
			`"../docker/controller"`, `"./controller"`,
			"networks = [network.ci]\n  data", fmt.Sprintf("networks = [network.ci]\n  environment = { EDITION = \"%d\" }\n  data", edition),
		).Replace(string(text))
		if strings.Count(config, fmt.Sprint(edition)) < 2 || !strings.Contains(config, "EDITION") {
			return fmt.Errorf("examples/case2.hcl is not as this test knows it")
		}
		dockerfile, err := os.ReadFile("../../docker/controller/Dockerfile")
		if err != nil {
			return err
		}
		return write(dir, map[string]string{
			"main.hcl": config, "controller/Dockerfile": string(dockerfile),
			"local.auto.hclvars": fmt.Sprintf("daemon_image = %q\ncontroller_base = %q\njob_image = %q\n", dindImage, controllerBase, bashImage),
		})
	}}
}

func write(dir string, files map[string]string) error {
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}
