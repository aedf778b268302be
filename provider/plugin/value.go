package plugin

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	ctymsgpack "github.com/zclconf/go-cty/cty/msgpack"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

// codec turns values of the contract into messages and back. One serves a whole
// connection, because it remembers the types that it has read: they are long and
// few, and every object bears one.
type codec struct {
	types sync.Map // JSON -> cty.Type

	mu    sync.Mutex
	texts []typeText // those that were written last, the latest last
}

// typeText is a type and its JSON.
type typeText struct {
	t    cty.Type
	text []byte
}

// textsKept bounds the types of which the JSON is remembered: some for each noun.
const textsKept = 32

// maxTypeText bounds the types that are remembered.
const maxTypeText = 64 << 10

// value makes a message of v. The zero cty.Value becomes no message at all.
func (c *codec) value(v cty.Value) (*pb.Value, error) {
	if v == cty.NilVal {
		return nil, nil //nolint:nilnil // an absent message is what stands for an absent value
	}
	// Most values bear no mark, and those that do cannot be encoded: looking for
	// marks first costs as much as encoding.
	plain, marks := v, []cty.PathValueMarks(nil)
	packed, err := ctymsgpack.Marshal(plain, plain.Type())
	if err != nil && provider.HasMarks(v) {
		plain, marks = v.UnmarkDeepWithPaths()
		packed, err = ctymsgpack.Marshal(plain, plain.Type())
	}
	if err != nil {
		return nil, fmt.Errorf("encoding a value: %w", err)
	}
	typeText, err := c.typeText(plain.Type())
	if err != nil {
		return nil, fmt.Errorf("encoding a type: %w", err)
	}
	out := &pb.Value{Type: typeText, Msgpack: packed}
	for _, mark := range marks {
		path, err := markPath(mark)
		if err != nil {
			return nil, err
		}
		out.Sensitive = append(out.Sensitive, path)
	}
	return out, nil
}

// typeText is the JSON of a type.
func (c *codec) typeText(t cty.Type) ([]byte, error) {
	if t.IsPrimitiveType() {
		return ctyjson.MarshalType(t)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, known := range slices.Backward(c.texts) {
		if known.t.Equals(t) {
			c.texts = append(slices.Delete(c.texts, i, i+1), known)
			return known.text, nil
		}
	}
	text, err := ctyjson.MarshalType(t)
	if err != nil {
		return nil, err
	}
	if len(c.texts) == textsKept {
		c.texts = slices.Delete(c.texts, 0, 1)
	}
	c.texts = append(c.texts, typeText{t, text})
	return text, nil
}

func markPath(mark cty.PathValueMarks) (*pb.Path, error) {
	for m := range mark.Marks {
		if m != provider.Sensitive {
			return nil, fmt.Errorf("a value with the mark %v cannot cross to a provider", m)
		}
	}
	out := &pb.Path{}
	for _, step := range mark.Path {
		s, err := pathStep(step)
		if err != nil {
			return nil, err
		}
		out.Steps = append(out.Steps, s)
	}
	return out, nil
}

func pathStep(step cty.PathStep) (*pb.Step, error) {
	switch step := step.(type) {
	case cty.GetAttrStep:
		return &pb.Step{Step: &pb.Step_Attribute{Attribute: step.Name}}, nil
	case cty.IndexStep:
		switch step.Key.Type() {
		case cty.String:
			return &pb.Step{Step: &pb.Step_Key{Key: step.Key.AsString()}}, nil
		case cty.Number:
			i, _ := step.Key.AsBigFloat().Int64()
			return &pb.Step{Step: &pb.Step_Index{Index: i}}, nil
		}
	}
	return nil, fmt.Errorf("a sensitive value lies where no path leads: %#v", step)
}

// readValue makes a value of a message; none becomes the zero cty.Value.
func (c *codec) readValue(m *pb.Value) (cty.Value, error) {
	if m == nil {
		return cty.NilVal, nil
	}
	t, err := c.readType(m.GetType())
	if err != nil {
		return cty.NilVal, err
	}
	v, err := ctymsgpack.Unmarshal(m.GetMsgpack(), t)
	if err != nil {
		return cty.NilVal, fmt.Errorf("decoding a value: %w", err)
	}
	if len(m.GetSensitive()) == 0 {
		return v, nil
	}
	marks := make([]cty.PathValueMarks, 0, len(m.GetSensitive()))
	for _, path := range m.GetSensitive() {
		marks = append(marks, cty.PathValueMarks{Path: readPath(path), Marks: cty.NewValueMarks(provider.Sensitive)})
	}
	marked := v.MarkWithPaths(marks)
	// A path that leads nowhere would lose its mark without a word.
	if _, applied := marked.UnmarkDeepWithPaths(); len(applied) < len(marks) {
		return cty.NilVal, errors.New("decoding a value: a sensitive path leads nowhere in it")
	}
	return marked, nil
}

func readPath(m *pb.Path) cty.Path {
	path := cty.Path{}
	for _, step := range m.GetSteps() {
		switch s := step.GetStep().(type) {
		case *pb.Step_Attribute:
			path = path.GetAttr(s.Attribute)
		case *pb.Step_Key:
			path = path.IndexString(s.Key)
		case *pb.Step_Index:
			path = path.Index(cty.NumberIntVal(s.Index))
		}
	}
	return path
}

func (c *codec) readType(text []byte) (cty.Type, error) {
	key := string(text)
	if t, ok := c.types.Load(key); ok {
		return t.(cty.Type), nil //nolint:forcetypeassert // only types are stored
	}
	t, err := ctyjson.UnmarshalType(text)
	if err != nil {
		return cty.NilType, fmt.Errorf("decoding a type: %w", err)
	}
	if len(key) <= maxTypeText {
		c.types.Store(key, t)
	}
	return t, nil
}
