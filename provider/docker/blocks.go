package docker

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// The blocks of whatever runs. What stands in logging and blkio_config beside
// these is in the table.

// argument is an attribute of a block that the table compares as a whole.
func argument(name string, t cty.Type, form provider.Form, fallback, doc string) provider.Attribute {
	return provider.Attribute{Name: name, Type: t, Effect: provider.Replace, Form: form, Default: fallback, Doc: doc}
}

func required(a provider.Attribute) provider.Attribute {
	a.Required = true
	return a
}

func portsBlock() provider.Block {
	return provider.Block{Name: "ports", Doc: "Publishes one port of the container on the engine's host.", Body: provider.Body{Attributes: []provider.Attribute{
		required(argument("target", cty.Number, whole(1, ports), "", "The container's port.")),
		argument("published", cty.Number, whole(1, ports), "a free one that the engine chooses", "The host's port."),
		argument("protocol", cty.String, word("tcp", "udp", "sctp"), "tcp", "tcp, udp or sctp."),
		argument("host_ip", cty.String, addressForm(), "all", "The host's address to listen on. 0.0.0.0 is all of IPv4, and none is all of IPv6 too."),
	}}}
}

func healthBlock() provider.Block {
	list := cty.List(cty.String)
	interval := argument("start_interval", cty.String, duration(), "the image's, else 5s", "Time between two checks during start_period.")
	interval.MinAPI = "1.44"
	disable := argument("disable", cty.Bool, provider.Form{Excludes: []provider.Exclusion{{
		Words: []string{"true"}, Names: []string{"test", "interval", "timeout", "start_period", "start_interval", "retries"}, Why: "nothing is checked then",
	}}}, "false", "Switches the image's check off.")
	return provider.Block{Name: "healthcheck", Single: true, Doc: "How the engine checks that the container is healthy; what is left out comes from the image.", Body: provider.Body{Attributes: []provider.Attribute{
		argument("test", list, provider.Form{First: []string{"CMD", "CMD-SHELL", "NONE"}}, "the image's", `["CMD", ...], ["CMD-SHELL", "..."] or ["NONE"].`),
		argument("interval", cty.String, duration(), "the image's, else 30s", "Time between two checks."),
		argument("timeout", cty.String, duration(), "the image's, else 30s", "Time that one check may take."),
		argument("start_period", cty.String, duration(), "the image's, else 0s", "Time in which failures do not count."),
		interval,
		argument("retries", cty.Number, whole(1, most), "the image's, else 3", "Failures in a row that make it unhealthy."),
		disable,
	}}}
}

func devicesBlock() provider.Block {
	return provider.Block{Name: "devices", Doc: "Gives the container a device of the engine's host.", Body: provider.Body{Attributes: []provider.Attribute{
		required(argument("source", cty.String, like(`/.+|`+deviceName[1:len(deviceName)-1], "a path, such as /dev/fuse, or a name of the Container Device Interface, such as vendor.com/class=name"), "", "The device on the host, or its name in the Container Device Interface (API 1.44).")),
		argument("target", cty.String, absolutePath(), "as on the host", "Where it is in the container."),
		argument("permissions", cty.String, like(`[rwm]{1,3}`, "some of r, w and m"), "rwm", "What may be done with it: r reads, w writes, m makes nodes."),
	}}}
}

func gpusBlock() provider.Block {
	list := cty.List(cty.String)
	return provider.Block{Name: "gpus", Doc: "Asks a device driver for GPUs.", Body: provider.Body{Attributes: []provider.Attribute{
		argument("count", cty.String, beside(like(`all|[1-9][0-9]*`, "a number, or all"), "the devices are named", "device_ids"), "all", "How many: a number, or all."),
		argument("device_ids", list, provider.Form{}, "", "Which, by the driver's own names."),
		argument("driver", cty.String, provider.Form{}, "the engine's choice", "The device driver, such as nvidia."),
		argument("capabilities", list, provider.Form{}, "gpu", "What it has to be able to do beyond gpu, such as compute."),
		argument("options", cty.Map(cty.String), provider.Form{}, "none", "Options of the driver."),
	}}}
}

func blkioBlock() provider.Block {
	path := required(argument("path", cty.String, absolutePath(), "", "The device on the engine's host, such as /dev/sda."))
	throttle := func(name, doc string, form provider.Form) provider.Block {
		return provider.Block{Name: name, Doc: doc, Body: provider.Body{Attributes: []provider.Attribute{
			path, required(argument("rate", cty.String, form, "", "The most in a second.")),
		}}}
	}
	count := like(`[1-9][0-9]*`, "a whole number")
	return provider.Block{Name: "blkio_config", Single: true, Doc: "Limits of its disks. Those of single devices are changed live since API 1.55.", Body: provider.Body{Blocks: []provider.Block{
		{Name: "weight_device", Doc: "Its weight on one device.", Body: provider.Body{Attributes: []provider.Attribute{
			path, required(argument("weight", cty.Number, whole(minWeight, maxWeight), "", "The weight, 10 to 1000.")),
		}}},
		throttle("device_read_bps", "Limits the bytes that it reads, such as 10m.", size()),
		throttle("device_write_bps", "Limits the bytes that it writes, such as 10m.", size()),
		throttle("device_read_iops", "Limits how often it reads.", count),
		throttle("device_write_iops", "Limits how often it writes.", count),
	}}}
}
