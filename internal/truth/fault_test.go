package truth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
)

// fault is what becomes of one of the calls that change something.
type fault struct {
	how   string
	after int // how many of such calls there are still to come, with this one
	kill  func()
	hit   bool
	dead  bool // the process that calls is
}

// serve answers a call, or does to it what the fault says.
func (f *fault) serve(mux http.Handler, w http.ResponseWriter, r *http.Request) {
	if f == nil {
		mux.ServeHTTP(w, r)
		return
	}
	if f.dead {
		panic(http.ErrAbortHandler) // nobody is there who could have called
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead || strings.HasSuffix(r.URL.Path, "/wait") {
		mux.ServeHTTP(w, r)
		return
	}
	if f.after--; f.after != 0 {
		mux.ServeHTTP(w, r)
		return
	}
	f.hit = true
	if f.how == "is done and fails" || f.how == "is the last" {
		mux.ServeHTTP(httptest.NewRecorder(), r)
	}
	if f.how == "is never made" || f.how == "is the last" {
		f.dead = true
		f.kill()
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write([]byte(`{"message":"no space left on device"}`))
}

// disturb lets one of the calls to come fail, or be the last one.
func (m *memory) disturb(e edit, kill func()) {
	if e.What == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = &fault{how: e.What, after: e.Turn, kill: kill}
}

// undisturbed ends that, and tells whether it came to it.
func (m *memory) undisturbed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.fault
	m.fault = nil
	return f != nil && f.hit
}
