package e2e_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// far is an engine elsewhere: a daemon in a container of its own, with its own
// network and files, that is reached at an address of this host.
type far struct {
	name         string // of its container
	address      string // of its container: 172.17.0.2:2376
	endpoint     string // tcp://172.17.0.1:32768
	certificates string // directory on this host
}

// newFar starts the engine and copies its client certificates out, as an operator would.
func newFar(e *example) far {
	e.t.Helper()
	f := far{name: e.project + "-far-away", certificates: filepath.Join(e.dir, "examples/certificates")}
	gateway := bridgeAddress(e.t)
	e.docker("run", "--detach", "--privileged", "--name", f.name, "--env", "DOCKER_TLS_SAN=IP:"+gateway, dindImage)
	e.t.Cleanup(func() { _ = exec.Command("docker", "rm", "-fv", f.name).Run() })
	until(e.t, "the engine elsewhere does not answer", func() bool {
		return exec.Command("docker", "exec", f.name, "docker", "version").Run() == nil //nolint:gosec // the test's own
	})
	e.docker("cp", f.name+":/certs/client", f.certificates)
	f.address = e.docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", f.name)[0] + ":2376"
	f.endpoint = "tcp://" + forward(e.t, gateway, f.address)
	return f
}

// bridgeAddress is this host's address on the engine's default bridge.
func bridgeAddress(t *testing.T) string {
	t.Helper()
	bridge, err := net.InterfaceByName("docker0")
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := bridge.Addrs()
	if err != nil || len(addresses) == 0 {
		t.Fatalf("addresses of docker0: %v, %v", addresses, err)
	}
	address, _, err := net.ParseCIDR(addresses[0].String())
	if err != nil {
		t.Fatal(err)
	}
	return address.String()
}

// elsewhere is an endpoint that leads to it and is not in its certificate.
func (f far) elsewhere(t *testing.T) string {
	t.Helper()
	return "tcp://" + forward(t, "127.0.0.2", f.address)
}

// forward listens at an address of this host and hands every connection on. Engines
// let no container of one bridge reach one of another.
func forward(t *testing.T, host, to string) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			go passOn(from, to)
		}
	}()
	return listener.Addr().String()
}

func passOn(from net.Conn, to string) {
	defer func() { _ = from.Close() }()
	there, err := new(net.Dialer).Dial("tcp", to)
	if err != nil {
		return
	}
	defer func() { _ = there.Close() }()
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{from, there}, {there, from}} {
		go func() {
			_, _ = pair[0].(*net.TCPConn).ReadFrom(pair[1])
			_ = pair[0].(*net.TCPConn).CloseWrite()
			done <- struct{}{}
		}()
	}
	<-done
	<-done
}

// sshServer starts a real sshd for this user, at whose end `docker` is that of the
// far engine, and returns the endpoint. dindctl's ssh gets a configuration of its own.
func (f far) sshServer(e *example) string {
	e.t.Helper()
	dir := filepath.Join(e.dir, "ssh")
	e.write("ssh/bin/docker", fmt.Sprintf("#!/bin/sh\nunset DOCKER_HOST\nexec %s exec -i %s docker \"$@\"\n", lookPath(e.t, "docker"), f.name))
	e.write("ssh/client/ssh", fmt.Sprintf("#!/bin/sh\nexec %s -F %s/config \"$@\"\n", lookPath(e.t, "ssh"), dir))
	for _, name := range []string{"ssh/bin/docker", "ssh/client/ssh"} {
		if err := os.Chmod(filepath.Join(e.dir, name), 0o755); err != nil {
			e.t.Fatal(err)
		}
	}
	for _, key := range []string{"host_key", "user_key"} {
		e.run("", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key)).wants(e.t, 0)
	}
	e.write("ssh/authorized_keys", readFile(e.t, filepath.Join(dir, "user_key.pub")))
	e.write("ssh/known_hosts", "")
	e.write("ssh/config", fmt.Sprintf("IdentityFile %[1]s/user_key\nIdentitiesOnly yes\nUserKnownHostsFile %[1]s/known_hosts\n", dir))
	e.env = append(e.env, "PATH="+filepath.Join(dir, "client")+":"+os.Getenv("PATH"))

	port := freePort(e.t)
	e.write("ssh/sshd_config", fmt.Sprintf(`Port %s
ListenAddress 127.0.0.1
HostKey %[2]s/host_key
AuthorizedKeysFile %[2]s/authorized_keys
StrictModes no
UsePAM no
PidFile none
SetEnv PATH=%[2]s/bin:/usr/bin:/bin
`, port, dir))
	me, err := user.Current()
	if err != nil {
		e.t.Fatal(err)
	}
	if me.Uid == "0" {
		separatePrivileges(e)
	}
	serve(e, filepath.Join(dir, "sshd_config"))
	return "ssh://" + me.Username + "@127.0.0.1:" + port
}

// separatePrivileges makes the user and directory that an sshd of root wants. This
// mount namespace's /etc and /run are the test engine's own.
func separatePrivileges(e *example) {
	e.t.Helper()
	e.run("", "sh", "-c", "mkdir -p /run/sshd && { getent passwd sshd || echo sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin >>/etc/passwd; }").wants(e.t, 0)
}

// serve runs sshd until the test ends, and returns when it listens.
func serve(e *example, config string) {
	e.t.Helper()
	sshd := exec.CommandContext(e.t.Context(), filepath.Join(tools(e.t), "bin/sshd"), "-D", "-e", "-f", config)
	sshd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Join(tools(e.t), "lib"))
	log, err := sshd.StderrPipe()
	if err != nil {
		e.t.Fatal(err)
	}
	if err := sshd.Start(); err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { _ = sshd.Process.Kill(); _ = sshd.Wait() })
	said := make([]byte, 0, 1<<10)
	for !strings.Contains(string(said), "Server listening") {
		part := make([]byte, 256)
		n, err := log.Read(part)
		said = append(said, part[:n]...)
		if err != nil {
			e.t.Fatalf("sshd: %v\n%s", err, said)
		}
	}
	go func() {
		for part := make([]byte, 4<<10); err == nil; {
			_, err = log.Read(part)
		}
	}()
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func lookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// aim lets the example's variables name an engine.
func (e *example) aim(endpoint, certificates string) {
	e.t.Helper()
	content := fmt.Sprintf("cli_image = %q\njob_image = %q\nendpoint = %q\n", controllerBase, bashImage, endpoint)
	if certificates != "" {
		content += fmt.Sprintf("certificates = %q\n", certificates)
	}
	e.write("examples/local.auto.hclvars", content)
}

// A controller here works with an engine elsewhere, over tcp with TLS; what is
// there is planned, repaired and destroyed with the rest. Over ssh, the same engine
// is used without a controller.
func TestRemote(t *testing.T) {
	t.Parallel()
	e := newExample(t, "remote", nil)
	f := newFar(e)
	there := func(what string) []string {
		return e.docker("exec", f.name, "docker", what, "ls", "-aq", "--filter", "label=dev.dindctl.project="+e.project)
	}

	e.aim(f.endpoint, "./certificates")
	e.mistakes(1)
	e.up().says(t, "made on the other machine")
	e.in("controller.here", "docker", "ps", "-a", "--format", "{{.Names}}").wants(t, 0).says(t, e.project+"-read", e.project+"-prepare")
	e.wantList("containers here", e.containers(), "here")
	e.wantList("volumes here", e.volumes())
	if got := there("container"); len(got) != 2 {
		t.Errorf("containers there: %q, want two jobs", got)
	}
	e.docker("exec", f.name, "docker", "rm", e.project+"-read")
	e.do("plan", "-detailed-exitcode").wants(t, 2).says(t, "job.read will be run", "Plan: 1 to add, 0 to change, 0 to destroy")
	e.up()
	e.do("destroy", "-auto-approve").wants(t, 0).says(t, e.project+"-work")
	e.wantList("containers here", e.containers())
	if got := there("container"); len(got) != 0 {
		t.Errorf("containers there after destroy: %q", got)
	}

	e.part("what is wrong with the certificates", func() { wrongCertificates(e, f) })
	e.part("ssh", func() { overSSH(e, f) })
}

// part runs a part of the example's test under a name.
func (e *example) part(name string, run func()) {
	whole := e.t
	whole.Run(name, func(t *testing.T) {
		e.t = t
		defer func() { e.t = whole }()
		run()
	})
}

// wrongCertificates is every way in which TLS to an engine fails, and what is said.
func wrongCertificates(e *example, f far) {
	t := e.t
	other := filepath.Join(e.dir, "examples/others")
	if err := os.CopyFS(other, os.DirFS(f.certificates)); err != nil {
		t.Fatal(err)
	}
	e.run("", "sh", "-ec", `cd "$0"; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=stranger 2>/dev/null`, other).wants(t, 0)
	stranger := filepath.Join(e.dir, "examples/stranger")
	if err := os.CopyFS(stranger, os.DirFS(other)); err != nil {
		t.Fatal(err)
	}
	e.write("examples/stranger/ca.pem", readFile(t, filepath.Join(other, "cert.pem")))
	for _, c := range []struct {
		name, endpoint, certificates string
		want                         []string
	}{
		{"nobody listens", "tcp://127.0.0.1:1", "./certificates", []string{"The Docker engine cannot be reached", "connection refused", "check host and port"}},
		{"no certificates", f.endpoint, "", []string{"The engine speaks TLS", "Say certificates ="}},
		{"a directory without them", f.endpoint, "./nothing", []string{"The engine's certificates cannot be used", "nothing"}},
		{"another issuer", f.endpoint, "./stranger", []string{"The engine's certificate is not accepted", "take ca.pem from the engine"}},
		{"a client of another issuer", f.endpoint, "./others", []string{"The engine does not accept the client's certificate", "cert.pem has to be signed"}},
		{"a name that it does not hold", f.elsewhere(t), "./certificates", []string{"The engine's certificate is not accepted", "not 127.0.0.2", "Use one of those names in the endpoint"}},
	} {
		e.part(c.name, func() {
			e.aim(c.endpoint, c.certificates)
			e.do("plan").wants(e.t, 1).says(e.t, append(c.want, "with daemon.far")...)
		})
	}
}

// overSSH runs the jobs of the example without its controller; the host's key is
// accepted by hand first.
func overSSH(e *example, f far) {
	t := e.t
	endpoint := f.sshServer(e)
	e.aim(endpoint, "")
	login, port, _ := strings.Cut(strings.TrimPrefix(endpoint, "ssh://"), ":")
	e.do("plan", "-exclude", "controller.here").wants(t, 1).
		says(t, "The host key is not known", "with daemon.far", "Host key verification failed", "accept it once by `ssh -p "+port+" "+login+"`")
	key := strings.Fields(readFile(t, filepath.Join(e.dir, "ssh/host_key.pub")))
	e.write("ssh/known_hosts", fmt.Sprintf("[127.0.0.1]:%s %s %s\n", port, key[0], key[1]))
	e.do("apply", "-auto-approve", "-exclude", "controller.here").wants(t, 0).says(t, "job.prepare: ran")
	e.do("plan", "-exclude", "controller.here", "-detailed-exitcode").wants(t, 0)
	if got := e.docker("exec", f.name, "docker", "container", "ls", "-a", "--format", "{{.Names}}"); strings.Join(got, " ") != e.project+"-prepare" {
		t.Errorf("containers there: %q", got)
	}
	e.write("ssh/authorized_keys", "")
	e.do("plan").wants(t, 1).says(t, "The host refuses the login", "Permission denied (publickey", "ssh-add")
	e.write("ssh/authorized_keys", readFile(t, filepath.Join(e.dir, "ssh/user_key.pub")))
	e.do("destroy", "-auto-approve", "-volumes").wants(t, 0)
	if got := e.docker("exec", f.name, "docker", "volume", "ls", "-q"); len(got) != 0 {
		t.Errorf("volumes there after destroy -volumes: %q", got)
	}
}
