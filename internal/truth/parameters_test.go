package truth_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Parameters of eth0 are those of the network that the container was made in: they stay
// there when its networks are declared in another order, whichever is connected anew.
func TestParametersStayWithTheirNetwork(t *testing.T) {
	t.Parallel()
	const option, parameter = "com.docker.network.endpoint.sysctls", "net.ipv4.conf.IFNAME.log_martians=1"
	for what, attach := range map[string]string{
		"neither is connected anew":      "",
		"the other is connected anew":    "  attach {\n    network = network.m\n    aliases = [\"more\"]\n  }\n",
		"its own is connected anew":      "  attach {\n    network = network.n\n    aliases = [\"more\"]\n  }\n",
		"its own has more of parameters": "  attach {\n    network = network.n\n    sysctls = { \"net.ipv4.conf.IFNAME.arp_filter\" = 1 }\n  }\n",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			m, end, err := newMemory(api285)
			if err != nil {
				t.Fatal(err)
			}
			defer end()
			u, err := newUser(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			defer u.close()
			text := func(networks, more string) string {
				return fmt.Sprintf("project { name = %q }\n", project) + "network \"n\" {}\nnetwork \"m\" {}\ncontainer \"app\" {\n  image = \"base.local/a\"\n  networks = [" +
					networks + "]\n  sysctls = { \"net.ipv4.conf.eth0.log_martians\" = 1 }\n" + more + "}\n"
			}
			var ids []string
			for _, one := range []string{text("network.n, network.m", ""), text("network.m, network.n", attach)} {
				p, problems := u.planText(t.Context(), one)
				if !problems.HasErrors() {
					problems = u.apply(t.Context(), p)
				}
				if problems.HasErrors() {
					t.Fatal(problemsText(problems))
				}
				if p, problems = u.planText(t.Context(), one); problems.HasErrors() || !p.Clean {
					t.Fatalf("the plan after the apply: %s %s", p.Plan, problemsText(problems))
				}
				c, err := u.hand.ContainerInspect(t.Context(), project+"-app")
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, c.ID)
				want := map[string]string{project + "-n": parameter, project + "-m": ""}
				if what == "its own has more of parameters" && len(ids) > 1 {
					want[project+"-n"] = "net.ipv4.conf.IFNAME.arp_filter=1," + parameter
				}
				got := map[string]string{}
				for name, at := range c.NetworkSettings.Networks {
					got[name] = at.DriverOpts[option]
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("the parameters (-want +got):\n%s", d)
				}
			}
			if ids[0] != ids[1] {
				t.Error("it was made anew")
			}
		})
	}
}
