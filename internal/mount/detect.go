package mount

import "strings"

// EngineFacts are what an engine says of itself (GET /info), as far as it tells
// the platform. Any of them may be empty.
type EngineFacts struct {
	System   string // OperatingSystem: "Docker Desktop", "Debian GNU/Linux 12"
	Name     string // of the machine: "docker-desktop"
	Kernel   string // KernelVersion: "5.15.153.1-microsoft-standard-WSL2"
	RootDir  string // DockerRootDir: "/var/snap/docker/common/var-lib-docker"
	Rootless bool   // SecurityOptions hold name=rootless
	// Client is the operating system of this process, as Go names it ("darwin").
	// It counts only where this process is on the engine's machine; else it is empty.
	Client string
}

// Detect tells the platform of an engine on a host. Without any fact it is
// [NoPlatform].
func Detect(f EngineFacts) Platform {
	system, kernel := strings.ToLower(f.System), strings.ToLower(f.Kernel)
	switch {
	case f == EngineFacts{Client: f.Client}:
		return NoPlatform
	case strings.Contains(system, "docker desktop"), f.Name == "docker-desktop":
		return detectDesktop(kernel, f.Client)
	case f.Rootless:
		return Rootless
	case within(f.RootDir, "/var/snap"):
		return Snap
	case strings.Contains(kernel, "microsoft"):
		return WSL
	case strings.Contains(kernel, "linuxkit"):
		// A virtual machine of Docker's own that does not say whose it is.
		return NoPlatform
	}
	return Linux
}

func detectDesktop(kernel, client string) Platform {
	switch {
	case strings.Contains(kernel, "microsoft"), client == "windows":
		return DesktopWindows
	case client == "darwin":
		return DesktopMac
	case client == "linux" && strings.Contains(kernel, "linuxkit"):
		return DesktopLinux
	}
	return NoPlatform
}
