package e2e_test

import "runtime"

// trial is one argument of a container in the matrix: a value, another one,
// and where the engine shows them.
type trial struct {
	first, second string // as they stand in a file: values, or for a block, blocks
	with          string // what stands beside it all the time
	without       string // what of the common arguments does not
	path          string // in what `docker inspect` prints
	shows, then   string // there, as JSON; "@plain" is the id of the container "plain", "@beside" that of another
	// lifted is what it shows once the argument is taken away, where that is not
	// what a container without it shows.
	lifted string
	// outside changes it: of a container arguments of `docker update`, or another
	// command of docker; of a network and a volume, arguments of `docker ... create`
	// for one in its place; of a daemon, a command in it. Without any, Docker lets
	// nobody change it on an object as it stands.
	outside string
	// probe are the arguments of `docker run` whose effect shows that the kernel
	// has what the argument needs: it succeeds, and path then shows `shows`.
	probe  string
	exempt reason
	// live says that it is changed live: of a block, and of what the core's table
	// says for all nouns together.
	live bool
	// on is the label of the object that it stands on, where it has none of its own.
	on string
	// changes are how the paths of its changes begin, where that is not its name.
	changes []string
}

// reason is why an argument is not in the matrix, or not in a part of it. There
// are no others.
type reason string

const (
	noOutside  reason = "no outside change possible"
	needsAPI   reason = "needs a later API"
	noHardware reason = "needs hardware"
	noKernel   reason = "no support in this kernel"
	noStore    reason = "no support in this image store"
	notShown   reason = "shapes how it is made or waited for, not the object; has tests of its own"
)

// examples are by name: "hostname", or of a block, "ports". A new argument
// without an example fails the matrix.
func examples() map[string]trial {
	const health = "test     = [\"CMD\", \"true\"]\n"
	return map[string]trial{
		"command":           {first: `["sleep", "2000"]`, second: `["sleep", "3000"]`, without: "command", path: "Config.Cmd", shows: `["sleep","2000"]`, then: `["sleep","3000"]`, with: `stdin_open = true`, lifted: `["bash"]`},
		"entrypoint":        {first: `["bash", "-c", "exec sleep 2000"]`, second: `["bash", "-c", "exec sleep 3000"]`, path: "Config.Entrypoint", shows: `["bash","-c","exec sleep 2000"]`, then: `["bash","-c","exec sleep 3000"]`},
		"environment":       {first: `{ A = "1" }`, second: `{ A = "2" }`, path: "Config.Env.0", shows: `"A=1"`, then: `"A=2"`},
		"user":              {first: `"1000"`, second: `"1000:1000"`, path: "Config.User", shows: `"1000"`, then: `"1000:1000"`},
		"working_dir":       {first: `"/tmp"`, second: `"/srv"`, path: "Config.WorkingDir", shows: `"/tmp"`, then: `"/srv"`},
		"restart":           {first: `"always"`, second: `"on-failure:3"`, path: "HostConfig.RestartPolicy.Name", shows: `"always"`, then: `"on-failure"`, outside: "--restart no"},
		"stop_signal":       {first: `"INT"`, second: `"SIGKILL"`, without: "stop_signal", with: "init = true", path: "Config.StopSignal", shows: `"SIGINT"`, then: `"SIGKILL"`, lifted: `null`},
		"stop_grace_period": {first: `"3s"`, second: `"1m"`, path: "Config.StopTimeout", shows: `3`, then: `60`},
		"init":              {first: `true`, second: `false`, path: "HostConfig.Init", shows: `true`, then: `false`, lifted: `false`},
		"tty":               {first: `true`, second: `false`, path: "Config.Tty", shows: `true`, then: `false`},
		"stdin_open":        {first: `true`, second: `false`, path: "Config.OpenStdin", shows: `true`, then: `false`},
		"platform":          {first: `"linux/` + runtime.GOARCH + `"`, second: `"` + runtime.GOARCH + `"`, path: "Platform", shows: `"linux"`, then: `"linux"`},
		"pull_policy":       {exempt: notShown},
		"ready":             {exempt: notShown},
		"ready.http":        {exempt: notShown},
		"file":              {exempt: notShown},
		"runtime":           {first: `"runc"`, second: `"bare"`, path: "HostConfig.Runtime", shows: `"runc"`, then: `"bare"`},
		"labels":            {first: `{ a = "1" }`, second: `{ a = "2" }`, path: "Config.Labels.a", shows: `"1"`, then: `"2"`},
		"annotations":       {first: `{ a = "1" }`, second: `{ a = "2" }`, path: "HostConfig.Annotations", shows: `{"a":"1"}`, then: `{"a":"2"}`},

		"cpus":           {first: `0.5`, second: `1.5`, path: "HostConfig.NanoCpus", shows: `500000000`, then: `1500000000`, outside: "--cpus 1"},
		"cpu_shares":     {first: `512`, second: `2048`, path: "HostConfig.CpuShares", shows: `512`, then: `2048`, lifted: `1024`, outside: "--cpu-shares 100"},
		"cpu_period":     {first: `50000`, second: `20000`, path: "HostConfig.CpuPeriod", shows: `50000`, then: `20000`, lifted: `100000`, outside: "--cpu-period 30000"},
		"cpu_quota":      {first: `50000`, second: `20000`, path: "HostConfig.CpuQuota", shows: `50000`, then: `20000`, lifted: `-1`, outside: "--cpu-quota 30000"},
		"cpu_rt_period":  {first: `500000`, second: `400000`, path: "HostConfig.CpuRealtimePeriod", shows: `500000`, then: `400000`, outside: "--cpu-rt-period 300000", probe: "--cpu-rt-period 500000"},
		"cpu_rt_runtime": {first: `1000`, second: `2000`, path: "HostConfig.CpuRealtimeRuntime", shows: `1000`, then: `2000`, outside: "--cpu-rt-runtime 3000", probe: "--cpu-rt-runtime 1000"},
		"cpuset":         {first: `"0"`, second: `"0-1"`, path: "HostConfig.CpusetCpus", shows: `"0"`, then: `"0-1"`, outside: "--cpuset-cpus 1"},
		"cpuset_mems":    {first: `"0"`, second: `"0-0"`, path: "HostConfig.CpusetMems", shows: `"0"`, then: `"0"`},
		"pids_limit":     {first: `100`, second: `200`, path: "HostConfig.PidsLimit", shows: `100`, then: `200`, lifted: `0`, outside: "--pids-limit 300"},
		"blkio_config.weight": {
			first: `300`, second: `400`, path: "HostConfig.BlkioWeight", shows: `300`, then: `400`, outside: "--blkio-weight 500", probe: "--blkio-weight 300",
		},
		"blkio_config.weight_device": {
			first: "path = \"/dev/loop0\"\nweight = 300", second: "path = \"/dev/loop0\"\nweight = 400", path: "HostConfig.BlkioWeightDevice",
			shows: `[{"Path":"/dev/loop0","Weight":300}]`, then: `[{"Path":"/dev/loop0","Weight":400}]`, probe: "--blkio-weight-device /dev/loop0:300",
		},
		"blkio_config.device_read_bps":   throttled("BlkioDeviceReadBps", "--device-read-bps"),
		"blkio_config.device_write_bps":  throttled("BlkioDeviceWriteBps", "--device-write-bps"),
		"blkio_config.device_read_iops":  throttled("BlkioDeviceReadIOps", "--device-read-iops"),
		"blkio_config.device_write_iops": throttled("BlkioDeviceWriteIOps", "--device-write-iops"),

		"mem_limit":        {first: `"64m"`, second: `"1g"`, path: "HostConfig.Memory", shows: `67108864`, then: `1073741824`, outside: "--memory 128m --memory-swap 256m"},
		"memswap_limit":    {first: `"100m"`, second: `"150m"`, with: `mem_limit = "64m"`, path: "HostConfig.MemorySwap", shows: `104857600`, then: `157286400`, lifted: `134217728`, outside: "--memory-swap 200m"},
		"mem_reservation":  {first: `"32m"`, second: `"48m"`, path: "HostConfig.MemoryReservation", shows: `33554432`, then: `50331648`, outside: "--memory-reservation 40m"},
		"mem_swappiness":   {first: `60`, second: `0`, path: "HostConfig.MemorySwappiness", shows: `60`, then: `0`, probe: "--memory-swappiness 60"},
		"shm_size":         {first: `"1m"`, second: `"2m"`, path: "HostConfig.ShmSize", shows: `1048576`, then: `2097152`},
		"oom_kill_disable": {first: `true`, second: `false`, path: "HostConfig.OomKillDisable", shows: `true`, then: `false`, probe: "--oom-kill-disable -m 64m"},
		"oom_score_adj":    {first: `500`, second: `100`, path: "HostConfig.OomScoreAdj", shows: `500`, then: `100`},

		"privileged":    {first: `true`, second: `false`, path: "HostConfig.Privileged", shows: `true`, then: `false`},
		"read_only":     {first: `true`, second: `false`, path: "HostConfig.ReadonlyRootfs", shows: `true`, then: `false`},
		"cap_add":       {first: `["net_admin"]`, second: `["NET_ADMIN", "CAP_SYS_PTRACE"]`, path: "HostConfig.CapAdd", shows: `["CAP_NET_ADMIN"]`, then: `["CAP_NET_ADMIN","CAP_SYS_PTRACE"]`},
		"cap_drop":      {first: `["ALL"]`, second: `["NET_RAW"]`, path: "HostConfig.CapDrop", shows: `["ALL"]`, then: `["CAP_NET_RAW"]`},
		"security_opt":  {first: `["no-new-privileges"]`, second: `["seccomp=unconfined"]`, path: "HostConfig.SecurityOpt", shows: `["no-new-privileges"]`, then: `["seccomp=unconfined"]`},
		"group_add":     {first: `[1234]`, second: `["1234", "4321"]`, path: "HostConfig.GroupAdd", shows: `["1234"]`, then: `["1234","4321"]`},
		"userns_mode":   {first: `"host"`, second: `null`, path: "HostConfig.UsernsMode", shows: `"host"`, then: `""`},
		"uts":           {first: `"host"`, second: `null`, path: "HostConfig.UTSMode", shows: `"host"`, then: `""`},
		"ipc":           {first: `"shareable"`, second: `"host"`, path: "HostConfig.IpcMode", shows: `"shareable"`, then: `"host"`},
		"volumes_from":  {first: `[container.plain]`, second: `[container.beside]`, path: "HostConfig.VolumesFrom", shows: `["@plain"]`, then: `["@beside"]`},
		"pid":           {first: `container.plain`, second: `"host"`, path: "HostConfig.PidMode", shows: `"container:@plain"`, then: `"host"`},
		"cgroup":        {first: `"private"`, second: `"host"`, path: "HostConfig.CgroupnsMode", shows: `"private"`, then: `"host"`},
		"cgroup_parent": {first: `"/matrix-a"`, second: `"/matrix-b"`, path: "HostConfig.CgroupParent", shows: `"/matrix-a"`, then: `"/matrix-b"`},
		"sysctls":       {first: `{ "net.ipv4.ip_forward" = 1 }`, second: `{ "net.ipv4.ip_forward" = "0" }`, path: "HostConfig.Sysctls", shows: `{"net.ipv4.ip_forward":"1"}`, then: `{"net.ipv4.ip_forward":"0"}`},
		"ulimits": {
			first: `{ nofile = 100, nproc = { soft = 10, hard = 20 } }`, second: `{ nofile = 200, nproc = { soft = 10, hard = 20 } }`, path: "HostConfig.Ulimits",
			shows: `[{"Name":"nofile","Soft":100,"Hard":100},{"Name":"nproc","Soft":10,"Hard":20}]`, then: `[{"Name":"nofile","Soft":200,"Hard":200},{"Name":"nproc","Soft":10,"Hard":20}]`,
		},

		"network_mode": {first: `"host"`, second: `container.plain`, without: "network_mode", path: "HostConfig.NetworkMode", shows: `"host"`, then: `"container:@plain"`, lifted: `"matrix-default"`},
		"hostname":     {first: `"one"`, second: `"two"`, path: "Config.Hostname", shows: `"one"`, then: `"two"`, lifted: `"@own"`},
		"domainname":   {first: `"a.example"`, second: `"b.example"`, path: "Config.Domainname", shows: `"a.example"`, then: `"b.example"`},
		"mac_address":  {first: `"02:42:ac:11:aa:01"`, second: `"02-42-AC-11-AA-02"`, path: "NetworkSettings.Networks.bridge.MacAddress", shows: `"02:42:ac:11:aa:01"`, then: `"02:42:ac:11:aa:02"`, lifted: "@any"},
		"dns":          {first: `["10.0.0.1"]`, second: `["10.0.0.1", "FD00::1"]`, path: "HostConfig.Dns", shows: `["10.0.0.1"]`, then: `["10.0.0.1","FD00::1"]`},
		"dns_opt":      {first: `["ndots:2"]`, second: `["ndots:3"]`, path: "HostConfig.DnsOptions", shows: `["ndots:2"]`, then: `["ndots:3"]`},
		"dns_search":   {first: `["a.example"]`, second: `["b.example", "a.example"]`, path: "HostConfig.DnsSearch", shows: `["a.example"]`, then: `["b.example","a.example"]`},
		"extra_hosts":  {first: `{ db = "10.0.0.1" }`, second: `{ db = "host-gateway" }`, path: "HostConfig.ExtraHosts", shows: `["db:10.0.0.1"]`, then: `["db:host-gateway"]`},
		"expose":       {first: `["80"]`, second: `["80", "53/udp"]`, path: "Config.ExposedPorts", shows: `{"80/tcp":{}}`, then: `{"53/udp":{},"80/tcp":{}}`},

		"tmpfs":               {first: `["/run"]`, second: `["/run:size=1m,mode=1777"]`, path: "HostConfig.Tmpfs", shows: `{"/run":""}`, then: `{"/run":"size=1m,mode=1777"}`},
		"storage_opt":         {first: `{ size = "1G" }`, second: `{ size = "2G" }`, path: "HostConfig.StorageOpt", shows: `{"size":"1G"}`, then: `{"size":"2G"}`, probe: "--storage-opt size=1G"},
		"device_cgroup_rules": {first: `["c 1:3 rwm"]`, second: `["c 1:3 r"]`, path: "HostConfig.DeviceCgroupRules", shows: `["c 1:3 rwm"]`, then: `["c 1:3 r"]`},
		"logging.driver":      {first: `"local"`, second: `"none"`, path: "HostConfig.LogConfig.Type", shows: `"local"`, then: `"none"`},
		"logging.options":     {first: `{ max-size = "1m" }`, second: `{ max-size = "2m" }`, path: "HostConfig.LogConfig.Config", shows: `{"max-size":"1m"}`, then: `{"max-size":"2m"}`},

		"ports": {
			first: "target = 80\npublished = 18080\nprotocol = \"tcp\"\nhost_ip = \"127.0.0.1\"", second: "target = 80\npublished = 18081", path: "HostConfig.PortBindings",
			shows: `{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"18080"}]}`, then: `{"80/tcp":[{"HostIp":"","HostPort":"18081"}]}`,
		},
		"healthcheck": {
			first:  health + "interval = \"1h\"\ntimeout = \"2s\"\nstart_period = \"3s\"\nretries = 4",
			second: "disable = true", path: "Config.Healthcheck",
			shows: `{"Test":["CMD","true"],"Interval":3600000000000,"Timeout":2000000000,"StartPeriod":3000000000,"Retries":4}`, then: `{"Test":["NONE"]}`, lifted: `{"Test":["NONE"]}`,
		},
		"healthcheck.start_interval": {
			first: health + "start_interval = \"5s\"", second: health + "start_interval = \"6s\"", path: "Config.Healthcheck.StartInterval", shows: `5000000000`, then: `6000000000`,
		},
		"devices": {
			first: "source = \"/dev/null\"\ntarget = \"/dev/matrix\"\npermissions = \"rw\"", second: "source = \"/dev/null\"", path: "HostConfig.Devices",
			shows: `[{"PathOnHost":"/dev/null","PathInContainer":"/dev/matrix","CgroupPermissions":"rw"}]`,
			then:  `[{"PathOnHost":"/dev/null","PathInContainer":"/dev/null","CgroupPermissions":"rwm"}]`,
		},
		"gpus": {exempt: noHardware},
	}
}

// throttled is an example of a limit of a device.
func throttled(field, flag string) trial {
	return trial{
		first: "path = \"/dev/loop0\"\nrate = 1000", second: "path = \"/dev/loop0\"\nrate = 2000", path: "HostConfig." + field,
		shows: `[{"Path":"/dev/loop0","Rate":1000}]`, then: `[{"Path":"/dev/loop0","Rate":2000}]`, probe: flag + " /dev/loop0:1000",
	}
}
