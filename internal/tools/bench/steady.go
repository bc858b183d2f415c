package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

// pairs is how many times both providers are measured.
const pairs = 3

// steady measures plans of existing hostnames. kind is free, upload, or validations: free with two validations each.
// Creating them would take longer than everything else, so states are written directly, and a first refresh completes them.
func (b *bench) steady(kind string, count int) error {
	server, err := fakeesa.Start(fakeesa.Options{CreateLimitPerHour: fakeesa.NoLimit, Busy: fakeesa.BusyNothing})
	if err != nil {
		return err
	}
	defer server.Close()
	site, record := fakeesa.Seed(server)
	other := server.AddRecord(site.ID, "static.example.com")
	config := ""
	others := 1 // resources of the provider that does nothing for each hostname
	certificates := func(int) fakeesa.Hostname { return fakeesa.Hostname{CertType: "free"} }
	switch kind {
	case "upload":
		config = "certificate = file(\"${path.module}/${count.index}.pem\")\n  private_key_wo = file(\"${path.module}/key.pem\")"
	case "validations":
		others = 3
	}
	esa, err := b.folder(server, fmt.Sprintf("steady-esa-%s-%d", kind, count), steadyConfig("esa", kind, config, count, site.ID, record.ID, other.ID))
	if err != nil {
		return err
	}
	nothing, err := b.folder(server, fmt.Sprintf("steady-nothing-%s-%d", kind, count), steadyConfig("nothing", "", "", others*count, site.ID, record.ID, other.ID))
	if err != nil {
		return err
	}
	if kind == "upload" {
		if certificates, err = esa.certificates(count); err != nil {
			return err
		}
	}
	if err := adopt(server, esa, nothing, count, others, kind == "validations", site.ID, record.ID, certificates); err != nil {
		return err
	}
	if _, err := esa.run("apply", "-auto-approve", "-refresh-only"); err != nil {
		return err
	}
	server.Inject(fakeesa.Fault{Times: -1, Delay: latency})
	runs := []steadyRun{{"plan", func(int) []string { return []string{"plan", "-detailed-exitcode"} }}}
	if kind == "free" && count <= 1000 {
		runs = append(runs, steadyRun{"change one of them", func(i int) []string { return []string{"apply", "-auto-approve", fmt.Sprintf("-var=changed=%d", i+1)} }})
	}
	for _, one := range runs {
		var wall, cpu []float64
		memory := 0
		for i := range pairs {
			server.ResetRequests()
			ours, err := esa.run(one.arguments(i)[0], one.arguments(i)[1:]...)
			if err != nil {
				return err
			}
			theirs, err := nothing.run(one.arguments(i)[0], one.arguments(i)[1:]...)
			if err != nil {
				return err
			}
			wall, cpu = append(wall, ours.took.Seconds()/theirs.took.Seconds()), append(cpu, ours.cpu.Seconds()/theirs.cpu.Seconds())
			memory = max(memory, ours.memory)
		}
		slices.Sort(wall)
		slices.Sort(cpu)
		fmt.Printf("| %d, %s | %s | %s | %.2f | %.2f | %s |\n", count, titles[kind], one.title, calls(server), wall[pairs/2], cpu[pairs/2], megabytes(memory))
	}
	return nil
}

type steadyRun struct {
	title     string
	arguments func(pair int) []string
}

var titles = map[string]string{"free": "free certificates", "upload": "uploaded certificates", "validations": "two validations each"}

// steadyConfig returns a configuration of count hostnames. A variable sets how many of the first ones have another record.
func steadyConfig(provider, kind, more string, count int, site, record, other int64) string {
	certType := "free"
	if kind == "upload" {
		certType = kind
	}
	config := fmt.Sprintf(`
terraform {
  required_providers {
    %[1]s = { source = "registry.terraform.io/esa-provider/%[1]s" }
  }
}
variable "changed" {
  default = 0
}
resource "%[1]s_custom_hostname" "test" {
  count     = %[2]d
  site_id   = "%[3]d"
  record_id = count.index < var.changed ? "%[4]d" : "%[5]d"
  hostname  = "h${count.index}.customer.com"
  ssl_flag  = "on"
  cert_type = "%[6]s"
  %[7]s
}
`, provider, count, site, other, record, certType, more)
	if kind == "validations" {
		for _, goal := range []string{"ownership", "certificate"} {
			config += fmt.Sprintf(`
resource "esa_custom_hostname_validation" "%[1]s" {
  count       = %[2]d
  hostname_id = esa_custom_hostname.test[count.index].id
  wait_for    = "%[1]s"
}
`, goal, count)
		}
	}
	return config
}

// certificates writes a key and, for each hostname, a certificate with two CA certificates.
func (f *folder) certificates(count int) (of func(i int) fakeesa.Hostname, err error) {
	var keys []*rsa.PrivateKey // of the leaves, the intermediate and the root
	for range 3 {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(keys[0])
	if err != nil {
		return nil, err
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
	if err := os.WriteFile(filepath.Join(f.dir, "key.pem"), []byte(private), 0o600); err != nil {
		return nil, err
	}
	chains := make([]string, count)
	for i := range count {
		names := []string{fmt.Sprintf("h%d.customer.com", i), fmt.Sprintf("Authority %d", i), fmt.Sprintf("Root %d", i)}
		for place := range keys {
			template := &x509.Certificate{
				SerialNumber: big.NewInt(int64(3*i + place + 1)), Subject: pkix.Name{CommonName: names[place]},
				NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 3, 0),
				IsCA: place > 0, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
			}
			if place == 0 {
				template.DNSNames, template.ExtKeyUsage = names[:1], []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			} else {
				template.KeyUsage = x509.KeyUsageCertSign
			}
			above := min(place+1, len(keys)-1)
			der, err := x509.CreateCertificate(rand.Reader, template, &x509.Certificate{Subject: pkix.Name{CommonName: names[above]}}, &keys[place].PublicKey, keys[above])
			if err != nil {
				return nil, err
			}
			chains[i] += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		}
		if err := os.WriteFile(filepath.Join(f.dir, fmt.Sprintf("%d.pem", i)), []byte(chains[i]), 0o600); err != nil {
			return nil, err
		}
	}
	return func(i int) fakeesa.Hostname {
		return fakeesa.Hostname{CertType: "upload", Certificate: chains[i], PrivateKey: private}
	}, nil
}

// adopt adds hostnames, and writes the states of both folders.
func adopt(server *fakeesa.Server, esa, nothing *folder, count, others int, validated bool, site, record int64, certificate func(int) fakeesa.Hostname) error {
	var hostnames, owned, used, nothings []instance
	for i := range count {
		made := certificate(i)
		made.SiteID, made.RecordID, made.Hostname, made.SSLFlag, made.Status = site, record, fmt.Sprintf("h%d.customer.com", i), "on", "active"
		if made.CertType == "free" {
			made.CertStatus = "OK"
		}
		id := fmt.Sprint(server.AddHostname(made).ID)
		hostnames = append(hostnames, instance{i, map[string]any{"id": id, "site_id": fmt.Sprint(site), "hostname": made.Hostname}})
		owned = append(owned, instance{i, map[string]any{"hostname_id": id, "wait_for": "ownership"}})
		used = append(used, instance{i, map[string]any{"hostname_id": id, "wait_for": "certificate"}})
	}
	for i := range others * count {
		name := fmt.Sprintf("h%d.customer.com", i)
		nothings = append(nothings, instance{i, map[string]any{"id": name, "hostname": name, "site_id": fmt.Sprint(site), "record_id": fmt.Sprint(record), "ssl_flag": "on", "cert_type": "free"}})
	}
	all := []resource{stateOf("esa", "esa_custom_hostname", "test", hostnames)}
	if validated {
		all = append(all, stateOf("esa", "esa_custom_hostname_validation", "ownership", owned), stateOf("esa", "esa_custom_hostname_validation", "certificate", used))
	}
	return errors.Join(esa.write(all...), nothing.write(stateOf("nothing", "nothing_custom_hostname", "test", nothings)))
}

// resource is a resource in a state file.
type resource struct {
	Mode      string     `json:"mode"`
	Type      string     `json:"type"`
	Name      string     `json:"name"`
	Provider  string     `json:"provider"`
	Instances []instance `json:"instances"`
}

type instance struct {
	Index      int            `json:"index_key"`
	Attributes map[string]any `json:"attributes"`
}

func stateOf(provider, kind, name string, instances []instance) resource {
	return resource{"managed", kind, name, fmt.Sprintf(`provider["registry.terraform.io/esa-provider/%s"]`, provider), instances}
}

// write writes the folder's state.
func (f *folder) write(resources ...resource) error {
	state, err := json.Marshal(map[string]any{"version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": "bench", "outputs": map[string]any{}, "resources": resources})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(f.dir, "terraform.tfstate"), state, 0o600)
}
