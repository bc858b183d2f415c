package provider

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	tfconfig "github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"terraform-provider-esa/internal/fakeesa"
)

const engines = repository + "/examples/engines/"

// A job is what an engine runs for one state.
type job struct {
	workspace string            // of the CLI
	variables map[string]string // of the configuration
}

// yaml reads the documents of a YAML file through the CLI, and checks them against the published types.
func (w *workspace) yaml(file string, types map[string]publishedShape, typeOf func(map[string]any) string) []map[string]any {
	w.t.Helper()
	var all []map[string]any
	for _, document := range strings.Split(readFile(w.t, file), "\n---\n") {
		w.write("document.yaml", document)
		console := exec.CommandContext(w.t.Context(), w.cli, "console")
		console.Dir, console.Env, console.Stdin = w.dir, w.env, strings.NewReader(`base64encode(jsonencode(yamldecode(file("document.yaml"))))`)
		out, err := console.Output()
		if err != nil {
			w.t.Fatalf("terraform console: %v\n%s", err, out)
		}
		var text []byte
		var value map[string]any
		if err := json.Unmarshal(out, &text); err != nil {
			w.t.Fatalf("the console printed invalid JSON: %v in %s", err, out)
		}
		if err := json.Unmarshal(text, &value); err != nil {
			w.t.Fatal(err)
		}
		published, known := types[typeOf(value)]
		if !known {
			w.t.Errorf("%s has an object of type %s, which is not published", file, typeOf(value))
		}
		for _, wrong := range published.wrong(typeOf(value), value) {
			w.t.Errorf("%s: %s", file, wrong)
		}
		all = append(all, value)
	}
	return all
}

// into decodes a JSON value into the type T.
func into[T any](t *testing.T, value any) (decoded T) {
	t.Helper()
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &decoded)
	}
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// apply applies the configuration of the guide once for each job, with a limited number at the same time, like an engine. A
// second run must find nothing to change.
func (a *account) apply(t *testing.T, jobs []job, tables map[string]string, parallel int) {
	t.Helper()
	running := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for _, j := range jobs {
		w := example(t, a, issue(t, "app.customer-b.com"))
		w.copyExample("guides/thousands")
		for name, text := range tables {
			w.write(name, text)
		}
		for name, value := range j.variables {
			w.env = append(w.env, "TF_VAR_"+name+"="+value)
		}
		all.Go(func() {
			running <- struct{}{}
			defer func() { <-running }()
			if j.workspace != "" {
				if out, status := w.run("workspace", "new", j.workspace); status != 0 {
					t.Errorf("%v: workspace new: got status %d, want 0:\n%s", j, status, out)
					return
				}
			}
			for _, command := range [][]string{{"apply", "-auto-approve"}, {"plan", "-detailed-exitcode"}} {
				if out, status := w.run(command[0], command[1:]...); status != 0 {
					t.Errorf("%v: %s: got status %d, want 0:\n%s", j, command[0], status, out)
				}
			}
		})
	}
	all.Wait()
}

// TestAccEngines checks each engine's file against the format that the engine publishes, and applies what the file says.
// Each site must be applied with a state of its own, and all jobs together must stay within the calls of the account.
func TestAccEngines(t *testing.T) {
	t.Parallel()
	read := map[string]func(t *testing.T) []job{
		"atlantis": func(t *testing.T) (jobs []job) {
			w := newWorkspace(t)
			file := w.yaml(engines+"atlantis/atlantis.yaml", published(t, "atlantis"), func(map[string]any) string { return "repository" })[0]
			type step struct{ Env *struct{ Name, Value string } }
			config := into[struct {
				Version      int
				ParallelPlan bool `json:"parallel_plan"`
				Projects     []struct {
					Name, Dir, Workspace, Workflow string
					Autoplan                       struct {
						WhenModified []string `json:"when_modified"`
					}
				}
				Workflows map[string]struct {
					Apply struct{ Steps []json.RawMessage }
				}
			}](t, file)
			if config.Version != 3 || !config.ParallelPlan {
				t.Errorf("got version %d and parallel_plan %t, want 3 and true", config.Version, config.ParallelPlan)
			}
			for _, project := range config.Projects {
				j := job{workspace: project.Workspace, variables: map[string]string{}}
				for _, raw := range config.Workflows[project.Workflow].Apply.Steps {
					var s step
					if json.Unmarshal(raw, &s) == nil && s.Env != nil {
						j.variables[strings.TrimPrefix(s.Env.Name, "TF_VAR_")] = s.Env.Value
					}
				}
				if project.Dir != "sites" || !slices.Contains(project.Autoplan.WhenModified, project.Name+".csv") {
					t.Errorf("project %s: got folder %s and when_modified %v", project.Name, project.Dir, project.Autoplan.WhenModified)
				}
				jobs = append(jobs, j)
			}
			return jobs
		},
		"flux": func(t *testing.T) (jobs []job) {
			w := newWorkspace(t)
			type object struct {
				APIVersion string `json:"apiVersion"`
				Kind       string
				Metadata   struct{ Name string }
				Spec       struct {
					Interval, Path string
					SourceRef      struct{ Kind, Name string }
					Vars           []struct {
						Name  string
						Value any
					}
				}
			}
			var sources []string
			for _, document := range w.yaml(engines+"flux/sites.yaml", published(t, "flux"), func(d map[string]any) string {
				return fmt.Sprint(d["apiVersion"], " ", d["kind"])
			}) {
				o := into[object](t, document)
				if _, err := time.ParseDuration(o.Spec.Interval); err != nil {
					t.Errorf("%s: invalid interval: %v", o.Metadata.Name, err)
				}
				if o.Kind == "GitRepository" {
					sources = append(sources, o.Kind+" "+o.Metadata.Name)
					continue
				}
				j := job{variables: map[string]string{}}
				for _, variable := range o.Spec.Vars {
					j.variables[variable.Name] = fmt.Sprint(variable.Value)
				}
				if !slices.Contains(sources, o.Spec.SourceRef.Kind+" "+o.Spec.SourceRef.Name) || o.Spec.Path != "./sites" {
					t.Errorf("%s: got path %s of source %s", o.Metadata.Name, o.Spec.Path, o.Spec.SourceRef.Name)
				}
				jobs = append(jobs, j)
			}
			return jobs
		},
		"terragrunt": func(t *testing.T) (jobs []job) {
			types := published(t, "terragrunt")["terragrunt.hcl"]
			root := terragrunt(t, "root.hcl", types)
			if source := into[struct{ Terraform []struct{ Source string } }](t, root).Terraform[0].Source; !strings.HasSuffix(source, `/../sites"`) {
				t.Errorf("got source %s, want the sites folder", source)
			}
			// Each folder has a state of its own.
			state := into[struct {
				State []struct{ Config string } `json:"remote_state"`
			}](t, root).State[0].Config
			if !strings.Contains(state, "${get_terragrunt_dir()}/") {
				t.Errorf("got the state's path %s, want one in the folder", state)
			}
			units, err := filepath.Glob(engines + "terragrunt/*/terragrunt.hcl")
			if err != nil {
				t.Fatal(err)
			}
			for _, unit := range units {
				folder := filepath.Base(filepath.Dir(unit))
				file := into[struct {
					Include []struct{ Path string }
					Inputs  map[string]any
				}](t, terragrunt(t, folder+"/terragrunt.hcl", types))
				j := job{variables: map[string]string{}}
				for name, value := range file.Inputs {
					j.variables[name] = fmt.Sprint(value)
				}
				if len(file.Include) != 1 || file.Include[0].Path != `find_in_parent_folders("root.hcl")` || j.variables["site"] != folder {
					t.Errorf("%s: got %+v", unit, file)
				}
				jobs = append(jobs, j)
			}
			return jobs
		},
		"hcp-terraform": func(t *testing.T) (jobs []job) {
			newWorkspace(t) // skips the test if there is no CLI
			var mu sync.Mutex
			variables, settings := map[string]map[string]string{}, map[string]string{}
			tfe := standIn{name: "tfe", types: published(t, "tfe"), created: map[string]func(created) (string, error){
				"tfe_workspace": func(c created) (string, error) {
					if name := c.text("name"); strings.Contains(name, ".") || c.text("working_directory") != "sites" {
						return "", fmt.Errorf("workspace %s: got working_directory %s", name, c.text("working_directory"))
					}
					return "ws-" + c.text("name"), nil
				},
				"tfe_workspace_settings": func(c created) (string, error) {
					mu.Lock()
					defer mu.Unlock()
					settings[c.text("workspace_id")] = c.text("execution_mode") + " " + c.text("agent_pool_id")
					return c.text("workspace_id"), nil
				},
				"tfe_variable": func(c created) (string, error) {
					mu.Lock()
					defer mu.Unlock()
					workspace := c.text("workspace_id")
					if variables[workspace] == nil {
						variables[workspace] = map[string]string{}
					}
					variables[workspace][c.text("key")] = c.text("value")
					return workspace + "/" + c.text("key"), nil
				},
			}}
			factories := factories(new(fastClock))
			factories["tfe"] = providerserver.NewProtocol6WithError(tfe)
			config := inProcess(readFile(t, engines+"hcp-terraform/main.tf"))
			values := tfconfig.Variables{
				"organization": tfconfig.StringVariable("my-company"), "repository": tfconfig.StringVariable("my-company/infrastructure"),
				"github_app_installation_id": tfconfig.StringVariable("ghain-1"),
			}
			// The second step leaves no resource, because the test library cannot read a state with for_each.
			locals, _, found := strings.Cut(config, "resource \"")
			if !found {
				t.Fatal("the configuration has no resource")
			}
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories, Steps: []resource.TestStep{
				{Config: config, ConfigVariables: values},
				{Config: locals, ConfigVariables: values},
			}})
			if len(settings) != len(variables) {
				t.Errorf("got %v workspaces with variables, but %v with settings", variables, settings)
			}
			for workspace, mode := range settings {
				if mode != "agent tfe_agent_pool" {
					t.Errorf("workspace %s: got execution by %s, want an agent pool", workspace, mode)
				}
			}
			for _, values := range variables {
				jobs = append(jobs, job{variables: values})
			}
			return jobs
		},
	}
	folders, err := os.ReadDir(engines)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		if !strings.Contains(readFile(t, engines+"README.md"), "\n| ["+folder.Name()+"](") {
			t.Errorf("the README has no row for %s", folder.Name())
		}
		t.Run(folder.Name(), func(t *testing.T) {
			t.Parallel()
			if read[folder.Name()] == nil {
				t.Fatal("no test for this engine")
			}
			jobs := read[folder.Name()](t)
			a := newAccount(t, fakeesa.Options{})
			other := a.AddSite("example.org")
			a.AddRecord(other.ID, "origin.example.org")
			a.apply(t, jobs, nil, len(jobs))
			sites := map[string]int64{}
			for _, hostname := range a.Hostnames() {
				sites[hostname.Hostname] = hostname.SiteID
			}
			want := map[string]int64{"shop.customer-a.com": a.site.ID, "www.customer-b.com": a.site.ID, "app.customer-c.com": other.ID}
			if diff := cmp.Diff(want, sites); diff != "" {
				t.Errorf("hostnames and their sites (-want +got):\n%s", diff)
			}
			share := 0
			for _, j := range jobs {
				share += int(number(j.variables["requests_per_second"]))
			}
			if share != 20 {
				t.Errorf("all jobs together make %d calls per second, want 20", share)
			}
		})
	}
}

// terragrunt reads a Terragrunt file, checks it against the published format, and returns it as JSON would decode it.
// Expressions that are not plain values are returned as text.
func terragrunt(t *testing.T, name string, types publishedShape) map[string]any {
	t.Helper()
	text := []byte(readFile(t, engines+"terragrunt/"+name))
	file, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	body, isBody := file.Body.(*hclsyntax.Body)
	if !isBody {
		t.Fatalf("%s: got a body of type %T, want HCL syntax", name, file.Body)
	}
	decoded := plain(body, text)
	for _, wrong := range types.wrong(name, decoded) {
		t.Error(wrong)
	}
	return decoded
}

func plain(body *hclsyntax.Body, text []byte) map[string]any {
	all := map[string]any{}
	for name, attribute := range body.Attributes {
		all[name] = plainExpression(attribute.Expr, text)
	}
	for _, block := range body.Blocks {
		blocks, _ := all[block.Type].([]any)
		all[block.Type] = append(blocks, plain(block.Body, text))
	}
	return all
}

func plainExpression(expression hclsyntax.Expression, text []byte) any {
	value, diags := expression.Value(nil)
	if diags.HasErrors() {
		return string(expression.Range().SliceBytes(text))
	}
	switch {
	case value.Type().IsObjectType():
		all := map[string]any{}
		for name, element := range value.AsValueMap() {
			if element.Type().FriendlyName() == "number" {
				all[name], _ = element.AsBigFloat().Float64()
			} else {
				all[name] = element.AsString()
			}
		}
		return all
	case value.Type().FriendlyName() == "bool":
		return value.True()
	default:
		return value.AsString()
	}
}

var engineStates = flag.Int("engine-states", 4, "how many states TestAccEngines_many applies")

// TestAccEngines_many applies several states, ten at the same time, like `terragrunt run --all --parallelism 10`. They share
// the limits of one account.
func TestAccEngines_many(t *testing.T) {
	t.Parallel()
	const hostnames = 5
	states := *engineStates
	a := newAccount(t, fakeesa.Options{CallsPerSecond: 40, CreateLimitPerHour: fakeesa.NoLimit})
	var jobs []job
	tables, want := map[string]string{}, map[string]int64{}
	for i := range states {
		name := fmt.Sprintf("site%02d.example", i)
		site := a.AddSite(name)
		a.AddRecord(site.ID, "origin."+name)
		table := "hostname,record\n"
		for h := range hostnames {
			hostname := fmt.Sprintf("h%d.customer%02d.com", h, i)
			table += hostname + ",origin." + name + "\n"
			want[hostname] = site.ID
		}
		tables[name+".csv"] = table
		jobs = append(jobs, job{variables: map[string]string{"site": name, "requests_per_second": "4"}})
	}
	a.apply(t, jobs, tables, 10)
	got := map[string]int64{}
	for _, hostname := range a.Hostnames() {
		got[hostname.Hostname] = hostname.SiteID
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hostnames and their sites (-want +got):\n%s", diff)
	}
	if creates := a.Count("CreateCustomHostname"); creates != states*hostnames {
		t.Errorf("got %d creates, want %d", creates, states*hostnames)
	}
	refused := 0
	for _, r := range a.Requests() {
		if r.Status >= 400 {
			refused++
		}
	}
	t.Logf("%d states, %d hostnames: %v, of which %d were refused", states, states*hostnames, a.calls(), refused)
}
