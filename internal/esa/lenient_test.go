package esa

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/fakeesa"
)

// TestLooseAnswers checks that values are decoded in every format in which ESA may write them.
func TestLooseAnswers(t *testing.T) {
	const id = "9223372036854775807"
	for _, body := range []string{
		`{"HostnameId":` + id + `,"CasId":0,"CertId":"7","CertApplyCode":2,"SiteId":5}`,
		`{"HostnameId":"` + id + `","CasId":"","CertId":7,"CertApplyCode":"2","SiteId":"5"}`,
		`{"HostnameId":` + id + `.0,"CasId":null,"CertId":"7","CertApplyCode":2.00,"SiteId":5e0}`,
		`{"hostnameid":" ` + id + ` ","CasId":"0","CertId":7,"CertApplyCode":"2.0","SiteId":"5.0"}`,
	} {
		var got CustomHostname
		if err := unmarshal([]byte(body), &got); err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		code := int64(2)
		if diff := cmp.Diff(CustomHostname{HostnameID: 1<<63 - 1, CertID: "7", CertApplyCode: &code, SiteID: 5}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
	for _, nothing := range []string{`""`, `null`} {
		var got CustomHostname
		if err := unmarshal([]byte(`{"HostnameId":1,"CertApplyCode":`+nothing+`}`), &got); err != nil || got.CertApplyCode != nil {
			t.Errorf("CertApplyCode %s: got %v, error %v; want none", nothing, got.CertApplyCode, err)
		}
	}
	for body, field := range map[string]string{
		`{"HostnameId":"x"}`: "HostnameId", `{"HostnameId":1.5}`: "HostnameId", `{"HostnameId":9223372036854775808}`: "HostnameId",
		`{"HostnameId":1e30}`: "HostnameId", `{"HostnameId":{}}`: "HostnameId", `{"HostnameId":true}`: "HostnameId", `{"HostnameId":"1","Status":[1]}`: "Status",
		`{"HostnameId":1e999999999}`: "HostnameId", `{"HostnameId":"5."}`: "HostnameId", `{"HostnameId":1.5e0}`: "HostnameId",
		`{"HostnameId":9007199254740992e0}`: "HostnameId", `{"HostnameId":"0x1"}`: "HostnameId", `{"HostnameId":"1","CertApplyCode":[]}`: "CertApplyCode",
	} {
		var got CustomHostname
		if err := unmarshal([]byte(body), &got); err == nil || typeProblem(err) == "" || !strings.Contains(typeProblem(err), field) {
			t.Errorf("%s: got error %v, want one about %s", body, err, field)
		}
	}
	for body, want := range map[string]string{
		`{"TotalCount":"1","Hostnames":{}}`:                   "a JSON object in the field Hostnames",
		`{"TotalCount":"1","Hostnames":[1]}`:                  "a JSON number in the field Hostnames",
		`{"TotalCount":"1","Hostnames":[{"HostnameId":"x"}]}`: "a JSON string in the field Hostnames.HostnameId",
		`{"TotalCount":"1","Hostnames":[{"Status":["x"]}]}`:   "a JSON array in the field Hostnames.Status",
		`{"TotalCount":true}`:                                 "a JSON boolean in the field TotalCount",
	} {
		if err := unmarshal([]byte(body), new(ListCustomHostnamesOutput)); err == nil || typeProblem(err) != want {
			t.Errorf("%s: got error %v, want %s", body, err, want)
		}
	}
	for body, want := range map[string]CustomHostname{
		`{"HostnameId":"1","Status":true,"CertId":false,"CertStatus":null}`: {HostnameID: 1, Status: "true", CertID: "false"},
		`{"HostnameId":9007199254740991e0}`:                                 {HostnameID: 1<<53 - 1},
		`{"HostnameId":-1e0,"CertId":1.50}`:                                 {HostnameID: -1, CertID: "1.50"},
	} {
		var got CustomHostname
		if err := unmarshal([]byte(body), &got); err != nil || !cmp.Equal(want, got) {
			t.Errorf("%s: got %+v, error %v; want %+v", body, got, err, want)
		}
	}
	for range 50 { // whatever the order of a map
		var got CustomHostname
		if err := unmarshal([]byte(`{"hostnameid":"2","HostnameId":"1","HOSTNAMEID":"3"}`), &got); err != nil || got.HostnameID != 1 {
			t.Fatalf("got %+v, error %v; want the field whose name has the same case", got, err)
		}
	}
	for body, want := range map[string]bool{`true`: true, `"true"`: true, `1`: true, `"1"`: true, `false`: false, `"False"`: false, `0`: false, `""`: false, `null`: false} {
		var got verifyCustomHostnameOutput
		if err := unmarshal([]byte(`{"Passed":`+body+`}`), &got); err != nil || got.Passed != want {
			t.Errorf("%s: got %v, error %v; want %v", body, got.Passed, err, want)
		}
	}
	if err := unmarshal([]byte(`{"Passed":"maybe"}`), new(verifyCustomHostnameOutput)); err == nil {
		t.Error("a boolean accepts the value maybe")
	}
}

// TestLooseServer calls the whole API of a fake that writes values in other formats. One record has every field that a
// record can have.
func TestLooseServer(t *testing.T) {
	for _, loose := range []fakeesa.LooseTypes{fakeesa.LooseTypesNone, fakeesa.LooseTypesText, fakeesa.LooseTypesFraction} {
		t.Run(fmt.Sprint(loose), func(t *testing.T) {
			f := newFixture(t, fakeesa.Options{LooseTypes: loose, LargeIDs: true, PublishAtOnce: true})
			ctx, id := t.Context(), f.create(t)
			got, err := f.client.GetCustomHostname(ctx, id)
			if err != nil || got.SiteID != f.site.ID || got.RecordID != f.record.ID {
				t.Errorf("Get: got %+v, error %v", got, err)
			}
			if found, err := f.client.FindCustomHostnames(ctx, f.site.ID, shop); err != nil || len(found) != 1 || found[0].HostnameID != id {
				t.Errorf("List: got %+v, error %v", found, err)
			}
			if passed, err := f.client.VerifyCustomHostname(ctx, id); err != nil || !passed {
				t.Errorf("Verify: got %v, error %v; want true", passed, err)
			}
			if site, err := f.client.GetSite(ctx, f.site.ID); err != nil || site.SiteID != f.site.ID {
				t.Errorf("GetSite: got %+v, error %v", site, err)
			}
			if record, err := f.client.GetRecord(ctx, f.record.ID); err != nil || !record.Proxied {
				t.Errorf("GetRecord: got %+v, error %v; want a proxied record", record, err)
			}
			full := f.AddRecordOf(fakeesa.Record{
				SiteID: f.site.ID, Name: "full.example.com", Value: "192.0.2.1", CustomPort: "on", HTTPPorts: "80,8080", HTTPSPorts: "443",
				Data: fakeesa.RecordData{
					Priority: new(0), Port: new(1), Weight: new(2), Flag: new(3), Tag: "issue", Type: new(4), Usage: new(5), Selector: new(6),
					MatchingType: new(7), Algorithm: new(8), KeyTag: new(9), Fingerprint: "ab", Certificate: "q83v",
				},
			})
			if record, err := f.client.GetRecord(ctx, full.ID); err != nil || record.Data.Value != "192.0.2.1" || record.RecordName != full.Name {
				t.Errorf("GetRecord: got %+v, error %v; want the full record", record, err)
			}
			if page, err := f.client.ListRecords(ctx, ListRecordsInput{SiteID: f.site.ID, RecordName: full.Name}); err != nil || len(page.Records) != 1 || page.Records[0].RecordID != full.ID {
				t.Errorf("ListRecords: got %+v, error %v; want the full record", page, err)
			}
			if err := f.client.DeleteCustomHostname(ctx, id); err != nil {
				t.Error(err)
			}
			if _, err := f.client.GetCustomHostname(ctx, id); !IsNotFound(err) {
				t.Errorf("after the delete: got error %v, want not found", err)
			}
		})
	}
}

// FuzzUnmarshal decodes any JSON. No value is decoded inexactly, and nothing panics.
func FuzzUnmarshal(f *testing.F) {
	for _, number := range []string{`1`, `"1"`, `1.0`, `"9223372036854775807"`, `1e3`, `-1`, `""`, `null`, `{}`, `[[]]`, `"1.0000"`, `0x1`} {
		f.Add(number)
	}
	f.Fuzz(func(t *testing.T, number string) {
		var out struct {
			N    int64
			P    *int64
			S    string
			B    bool
			List []struct{ N int64 }
		}
		body := fmt.Sprintf(`{"N":%[1]s,"P":%[1]s,"List":[{"N":%[1]s}]}`, number)
		if unmarshal([]byte(body), &out) != nil || !json.Valid([]byte(body)) {
			return
		}
		if out.P != nil && *out.P != out.N || len(out.List) == 1 && out.List[0].N != out.N {
			t.Errorf("%s is decoded as %d, %v and %v, want the same value", number, out.N, out.P, out.List)
		}
		if text := strings.Trim(number, `" `); len(text) == 19 && strings.Trim(text, "0123456789") == "" && text[0] != '0' && fmt.Sprint(out.N) != text {
			t.Errorf("%s is decoded as %d", number, out.N)
		}
		_ = unmarshal([]byte(fmt.Sprintf(`{"S":%[1]s,"B":%[1]s}`, number)), &out)
	})
}
