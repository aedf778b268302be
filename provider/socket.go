package provider

// What a controller that uses an engine by its socket needs of that engine's
// host. The first three are names in [Facts.Details], there as far as the host
// could be looked at; the last two stand in a controller's declared value.
const (
	// DetailSocketGroup is the number of the group that owns the engine's socket,
	// as processes of its containers see it.
	DetailSocketGroup = "socket_group"
	// DetailDockerCLI is the path of the docker CLI's binary on the engine's host.
	DetailDockerCLI = "docker_cli"
	// DetailDockerConfig is the directory of the docker configuration there.
	DetailDockerConfig = "docker_config"

	// AttributeSocketGroup is a controller's attribute that no block declares: the
	// number of the group that its socket belongs to, or SocketGroupAtCreation.
	AttributeSocketGroup = "socket_group"
	// SocketGroupAtCreation asks the provider to read the group from the socket
	// itself when it makes the controller, and to keep it as long as that one lives.
	SocketGroupAtCreation = "read at creation"
)

// RegistryAuthTarget is the directory in a container that holds the credentials
// for registries, where the container's DOCKER_CONFIG names no other.
const RegistryAuthTarget = "/etc/dindctl/docker"

// Where a controller gets what docker_cli binds.
const (
	DockerCLITarget    = "/usr/local/bin/docker"
	DockerConfigTarget = "/etc/docker"
)
