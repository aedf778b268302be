package docker_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	images "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/go-connections/nat"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// fieldsOfAnswers says of every field of what engines answer to an inspect what becomes
// of it, type by type:
//
//	managed ARGUMENT  another value is a difference of this argument
//	parts             the fields of its type are below
//	name              the planner compares names
//	condition         whether it runs, and how it ended
//	default           what a container of the image has where nothing is declared
//	fixed             nobody can change it on an object that is there, and dindctl never asks for it
//	elsewhere WHERE   what comes of it is compared there
//	follows           the engine's doing: it follows from other things, or tells of the moment
//	other             of Windows, or of a swarm
const fieldsOfAnswers = `
container.InspectResponse
	ContainerJSONBase parts
	Mounts parts
	Config parts
	NetworkSettings parts
	ImageManifestDescriptor follows
container.ContainerJSONBase
	ID follows
	Created follows
	Path follows
	Args follows
	State condition
	Image managed image
	ResolvConfPath follows
	HostnamePath follows
	HostsPath follows
	LogPath follows
	Name name
	RestartCount condition
	Driver follows
	Platform follows
	MountLabel follows
	ProcessLabel follows
	AppArmorProfile follows
	ExecIDs follows
	HostConfig parts
	GraphDriver follows
	SizeRw follows
	SizeRootFs follows
container.HostConfig
	Binds elsewhere container.MountPoint
	ContainerIDFile follows
	LogConfig parts
	NetworkMode managed network_mode
	PortBindings parts
	RestartPolicy parts
	AutoRemove fixed
	VolumeDriver fixed
	VolumesFrom managed volumes_from
	ConsoleSize fixed
	Annotations managed annotations
	CapAdd managed cap_add
	CapDrop managed cap_drop
	CgroupnsMode managed cgroup
	DNS managed dns
	DNSOptions managed dns_opt
	DNSSearch managed dns_search
	ExtraHosts managed extra_hosts
	GroupAdd managed group_add
	IpcMode managed ipc
	Cgroup fixed
	Links fixed
	OomScoreAdj managed oom_score_adj
	PidMode managed pid
	Privileged managed privileged
	PublishAllPorts fixed
	ReadonlyRootfs managed read_only
	SecurityOpt managed security_opt
	StorageOpt managed storage_opt
	Tmpfs managed tmpfs
	UTSMode managed uts
	UsernsMode managed userns_mode
	ShmSize managed shm_size
	Sysctls managed sysctls
	Runtime managed runtime
	Isolation other
	Resources parts
	Mounts parts
	MaskedPaths managed security_opt
	ReadonlyPaths managed security_opt
	Init managed init
container.LogConfig
	Type managed logging
	Config managed logging
nat.PortBinding
	HostIP managed ports
	HostPort managed ports
container.RestartPolicy
	Name managed restart
	MaximumRetryCount managed restart
container.Resources
	CPUShares managed cpu_shares
	Memory managed mem_limit
	NanoCPUs managed cpus
	CgroupParent managed cgroup_parent
	BlkioWeight managed blkio_config
	BlkioWeightDevice parts
	BlkioDeviceReadBps parts
	BlkioDeviceWriteBps parts
	BlkioDeviceReadIOps parts
	BlkioDeviceWriteIOps parts
	CPUPeriod managed cpu_period
	CPUQuota managed cpu_quota
	CPURealtimePeriod managed cpu_rt_period
	CPURealtimeRuntime managed cpu_rt_runtime
	CpusetCpus managed cpuset
	CpusetMems managed cpuset_mems
	Devices parts
	DeviceCgroupRules managed device_cgroup_rules
	DeviceRequests parts
	KernelMemory managed kernel_memory
	KernelMemoryTCP fixed
	MemoryReservation managed mem_reservation
	MemorySwap managed memswap_limit
	MemorySwappiness managed mem_swappiness
	OomKillDisable managed oom_kill_disable
	PidsLimit managed pids_limit
	Ulimits parts
	CPUCount other
	CPUPercent other
	IOMaximumIOps other
	IOMaximumBandwidth other
blkiodev.WeightDevice
	Path managed blkio_config
	Weight managed blkio_config
blkiodev.ThrottleDevice
	Path managed blkio_config
	Rate managed blkio_config
container.DeviceMapping
	PathOnHost managed devices
	PathInContainer managed devices
	CgroupPermissions managed devices
container.DeviceRequest
	Driver managed gpus
	Count managed gpus
	DeviceIDs managed gpus
	Capabilities managed gpus
	Options managed gpus
units.Ulimit
	Name managed ulimits
	Hard managed ulimits
	Soft managed ulimits
mount.Mount
	Type elsewhere container.MountPoint
	Source elsewhere container.MountPoint
	Target managed mount
	ReadOnly elsewhere container.MountPoint
	Consistency other
	BindOptions parts
	VolumeOptions parts
	ImageOptions fixed
	TmpfsOptions fixed
	ClusterOptions other
mount.BindOptions
	Propagation elsewhere container.MountPoint
	NonRecursive fixed
	CreateMountpoint follows
	ReadOnlyNonRecursive fixed
	ReadOnlyForceRecursive fixed
mount.VolumeOptions
	NoCopy fixed
	Labels fixed
	Subpath managed mount
	DriverConfig fixed
container.MountPoint
	Type managed mount
	Name managed mount
	Source managed mount
	Destination managed mount
	Driver elsewhere volume.Volume
	Mode follows
	RW managed mount
	Propagation managed mount
container.Config
	Hostname managed hostname
	Domainname managed domainname
	User managed user
	AttachStdin fixed
	AttachStdout fixed
	AttachStderr fixed
	ExposedPorts managed expose
	Tty managed tty
	OpenStdin managed stdin_open
	StdinOnce fixed
	Env managed environment
	Cmd managed command
	Healthcheck parts
	ArgsEscaped other
	Image managed image
	Volumes elsewhere container.MountPoint
	WorkingDir managed working_dir
	Entrypoint managed entrypoint
	NetworkDisabled fixed
	MacAddress managed mac_address
	OnBuild follows
	Labels managed labels
	StopSignal managed stop_signal
	StopTimeout managed stop_grace_period
	Shell fixed
v1.HealthcheckConfig
	Test managed healthcheck
	Interval managed healthcheck
	Timeout managed healthcheck
	StartPeriod managed healthcheck
	StartInterval managed healthcheck
	Retries managed healthcheck
container.NetworkSettings
	NetworkSettingsBase parts
	DefaultNetworkSettings elsewhere network.EndpointSettings
	Networks parts
container.NetworkSettingsBase
	Bridge follows
	SandboxID follows
	SandboxKey follows
	Ports follows
	HairpinMode follows
	LinkLocalIPv6Address follows
	LinkLocalIPv6PrefixLen follows
	SecondaryIPAddresses follows
	SecondaryIPv6Addresses follows
network.EndpointSettings
	IPAMConfig parts
	Links managed attach
	Aliases managed attach
	MacAddress managed attach
	DriverOpts managed attach
	GwPriority managed attach
	NetworkID managed networks
	EndpointID managed networks
	Gateway follows
	IPAddress follows
	IPPrefixLen follows
	IPv6Gateway follows
	GlobalIPv6Address follows
	GlobalIPv6PrefixLen follows
	DNSNames follows
network.EndpointIPAMConfig
	IPv4Address managed attach
	IPv6Address managed attach
	LinkLocalIPs managed attach
network.Inspect
	Name name
	ID follows
	Created follows
	Scope follows
	Driver managed driver
	EnableIPv4 managed enable_ipv4
	EnableIPv6 managed enable_ipv6
	IPAM parts
	Internal managed internal
	Attachable managed attachable
	Ingress other
	ConfigFrom other
	ConfigOnly other
	Containers elsewhere network.EndpointSettings
	Options managed options
	Labels managed labels
	Peers other
	Services other
network.IPAM
	Driver managed ipam
	Options managed ipam
	Config parts
network.IPAMConfig
	Subnet managed ipam
	IPRange managed ipam
	Gateway managed ipam
	AuxAddress managed ipam
volume.Volume
	ClusterVolume other
	CreatedAt follows
	Driver managed driver
	Labels managed labels
	Mountpoint follows
	Name name
	Options managed options
	Scope follows
	Status follows
	UsageData follows
image.InspectResponse
	ID managed image
	RepoTags name
	RepoDigests follows
	Parent follows
	Comment follows
	Created follows
	Container follows
	ContainerConfig follows
	DockerVersion follows
	Author follows
	Config parts
	Architecture follows
	Variant follows
	Os follows
	OsVersion other
	Size follows
	VirtualSize follows
	GraphDriver follows
	RootFS follows
	Metadata follows
	Descriptor follows
	Manifests follows
v1.DockerOCIImageConfig
	ImageConfig parts
	DockerOCIImageConfigExt parts
v1.ImageConfig
	User default
	ExposedPorts default
	Env default
	Entrypoint default
	Cmd default
	Volumes elsewhere container.MountPoint
	WorkingDir default
	Labels default
	StopSignal default
	ArgsEscaped other
v1.DockerOCIImageConfigExt
	Healthcheck default
	OnBuild follows
	Shell follows
`

// verdicts reads the list: what becomes of a field, by "type.field".
func verdicts(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	of := ""
	for line := range strings.Lines(strings.TrimSpace(fieldsOfAnswers)) {
		line = strings.TrimRight(line, "\n")
		field, found := strings.CutPrefix(line, "\t")
		if !found {
			of = line
			continue
		}
		name, verdict, _ := strings.Cut(field, " ")
		if out[of+"."+name] != "" {
			t.Errorf("%s.%s stands twice", of, name)
		}
		out[of+"."+name] = verdict
	}
	return out
}

// structIn is the type of the fields within a type: that of what a pointer, a list or a
// map leads to; nil where there is none.
func structIn(x reflect.Type) reflect.Type {
	switch x.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return structIn(x.Elem())
	case reflect.Struct:
		if x.NumField() > 0 && x != reflect.TypeFor[time.Time]() {
			return x
		}
	default:
	}
	return nil
}

// Each field of what an engine shows of an object is one that is compared, or it is said
// why not: a field that a later client knows is a decision.
func TestEveryFieldOfAnAnswerIsADecision(t *testing.T) {
	t.Parallel()
	left := verdicts(t)
	all := maps.Clone(left)
	known := map[string]bool{"image": true, "mount": true, "networks": true, "attach": true, "ports": true, "ipam": true, "kernel_memory": true}
	for _, body := range docker.Schema().Nouns {
		for _, a := range body.Attributes {
			known[a.Name] = true
		}
		for _, b := range body.Blocks {
			known[b.Name] = true
		}
	}
	seen := map[reflect.Type]bool{}
	var walk func(x reflect.Type)
	walk = func(x reflect.Type) {
		if seen[x] {
			return
		}
		seen[x] = true
		for i := range x.NumField() {
			f := x.Field(i)
			if !f.IsExported() {
				continue
			}
			name := x.String() + "." + f.Name
			kind, more, _ := strings.Cut(all[name], " ")
			delete(left, name)
			switch kind {
			case "parts":
				walk(structIn(f.Type))
			case "managed":
				if !known[more] {
					t.Errorf("%s is said to be managed by %q, which is no argument", name, more)
				}
			case "name", "condition", "default", "fixed", "elsewhere", "follows", "other":
			default:
				t.Errorf("%s (%s): nothing is said of it", name, f.Type)
			}
		}
	}
	for _, root := range []any{container.InspectResponse{}, network.Inspect{}, volume.Volume{}, images.InspectResponse{}} {
		walk(reflect.TypeOf(root))
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		t.Errorf("%s is listed, and there is no such field", name)
	}
}

// What the list says of a field is so: another value of one that is managed is seen, and
// of one that is not changes nothing of what is compared.
func TestTheListOfFieldsIsTrue(t *testing.T) {
	t.Parallel()
	facts := provider.Facts{API: "1.51", Details: map[string]string{}}
	changes := map[string]bool{}
	full := container.InspectResponse{}
	fill(reflect.ValueOf(&full).Elem())
	full.ID, full.Config.Hostname = strings.Repeat("c", 64), "h"
	full.State.Status, full.State.Running = container.StateRunning, true
	full.HostConfig.NetworkMode, full.HostConfig.Privileged, full.HostConfig.ReadonlyPaths = "a", false, nil
	full.Config.ExposedPorts = nat.PortSet{"80/tcp": {}}
	full.Mounts = append(full.Mounts, container.MountPoint{Type: "volume", Name: "v", Destination: "/v"})
	bare := full
	host := *full.HostConfig
	base := *full.ContainerJSONBase
	base.HostConfig = &host
	bare.ContainerJSONBase = &base
	host.MaskedPaths, host.ReadonlyPaths = []string{}, []string{}
	for _, c := range []*container.InspectResponse{&full, &bare} {
		vary(reflect.ValueOf(c).Elem(), changes, func() string { return fmt.Sprintf("%#v", docker.ActualOf(*c, nil, facts)) })
	}
	n, v := network.Inspect{}, volume.Volume{}
	fill(reflect.ValueOf(&n).Elem())
	fill(reflect.ValueOf(&v).Elem())
	vary(reflect.ValueOf(&n).Elem(), changes, func() string { return fmt.Sprintf("%#v", docker.NetworkActual(n, facts)) })
	vary(reflect.ValueOf(&v).Elem(), changes, func() string { return fmt.Sprintf("%#v", docker.VolumeActual(v)) })
	all := verdicts(t)
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		verdict, listed := all[name]
		if !listed { // within what is not managed as a whole
			if changes[name] {
				t.Errorf("%s is seen, and belongs to what is said not to be managed", name)
			}
			continue
		}
		if managed := strings.HasPrefix(verdict, "managed "); managed != changes[name] {
			t.Errorf("%s: %q is said of it; another value is seen: %t", name, verdict, changes[name])
		}
	}
	if len(changes) < 150 {
		t.Errorf("only %d fields were tried", len(changes))
	}
}

// fill gives every field a value, and every list and map one element.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Map:
		key, element := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(element)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, element)
	case reflect.String:
		v.SetString("a")
	case reflect.Bool:
		v.SetBool(true)
	default:
		if v.CanInt() {
			v.SetInt(7)
		} else if v.CanUint() {
			v.SetUint(7)
		}
	}
}

// vary gives each field in turn other values, and notes of each whether that is seen.
func vary(v reflect.Value, seen map[string]bool, look func() string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			vary(v.Elem(), seen, look)
		}
	case reflect.Slice:
		for i := range v.Len() {
			vary(v.Index(i), seen, look)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			vary(it.Value(), seen, look)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() || v.Type() == reflect.TypeFor[time.Time]() {
				continue
			}
			if structIn(f.Type) != nil {
				vary(v.Field(i), seen, look)
				continue
			}
			name := v.Type().String() + "." + f.Name
			if !v.Field(i).CanSet() || name == "container.ContainerJSONBase.ID" { // which is never empty
				continue
			}
			before, was := look(), reflect.New(f.Type).Elem()
			was.Set(v.Field(i))
			for _, other := range others(v.Field(i)) {
				v.Field(i).Set(other)
				seen[name] = look() != before || seen[name]
			}
			v.Field(i).Set(was)
		}
	default:
	}
}

// others are two other values: an empty one and a longer one.
func others(v reflect.Value) []reflect.Value {
	longer := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		longer.SetString(v.String() + "b")
	case reflect.Bool:
		longer.SetBool(!v.Bool())
	case reflect.Slice:
		more := reflect.New(v.Type().Elem()).Elem()
		fill(more)
		if more.Kind() == reflect.String {
			more.SetString("z=b")
		}
		return []reflect.Value{reflect.MakeSlice(v.Type(), 0, 0), reflect.Append(v, more)}
	case reflect.Map:
		key, element := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		key.SetString("z")
		fill(element)
		longer = reflect.MakeMap(v.Type())
		for it := v.MapRange(); it.Next(); {
			longer.SetMapIndex(it.Key(), it.Value())
		}
		longer.SetMapIndex(key, element)
	case reflect.Pointer:
		longer = reflect.New(v.Type().Elem())
		longer.Elem().Set(others(v.Elem())[1])
	default:
		if v.CanInt() {
			longer.SetInt(v.Int() + 1)
		} else if v.CanUint() {
			longer.SetUint(v.Uint() + 1)
		}
	}
	return []reflect.Value{reflect.Zero(v.Type()), longer}
}
