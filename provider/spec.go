package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/zclconf/go-cty/cty"
)

// Spec renders declared attributes as the canonical JSON that is recorded at
// creation: nulls are left out, keys are sorted, a reference is
// {"ref":"daemon.dind"}, a sensitive value is {"sensitive":true}, and of a text
// called "content", which may be a whole file, stands its hash alone:
// {"sha256":"..."}. An unknown value is an error: nothing is created before
// everything about it is known.
func Spec(declared cty.Value) ([]byte, error) {
	tree, err := specOf(declared)
	if err != nil {
		return nil, err
	}
	if tree == nil {
		tree = map[string]any{}
	}
	return json.Marshal(tree) // maps are written in key order
}

// IsRef tells whether a type is that of references.
func IsRef(t cty.Type) bool {
	return t.IsObjectType() && t.Equals(RefType())
}

func specOf(v cty.Value) (any, error) {
	v, marks := v.Unmark()
	if _, secret := marks[Sensitive]; secret {
		return map[string]any{"sensitive": true}, nil
	}
	switch {
	case v.IsNull():
		return nil, nil //nolint:nilnil // null is left out by whoever holds it
	case IsRef(v.Type()):
		address := v.GetAttr("address")
		if !address.IsKnown() || address.IsNull() {
			return nil, fmt.Errorf("a reference without address")
		}
		return map[string]any{"ref": address.AsString()}, nil
	case !v.IsKnown():
		return nil, fmt.Errorf("a value of type %s is not known yet", v.Type().FriendlyName())
	}
	switch t := v.Type(); {
	case t == cty.String:
		return v.AsString(), nil
	case t == cty.Bool:
		return v.True(), nil
	case t == cty.Number:
		return numberOf(v.AsBigFloat()), nil
	case t.IsObjectType() || t.IsMapType():
		return specMap(v)
	case t.IsListType() || t.IsTupleType() || t.IsSetType():
		return specList(v)
	}
	return nil, fmt.Errorf("a value of type %s cannot be recorded", v.Type().FriendlyName())
}

// contentName is the attribute that holds the content of a file.
const contentName = "content"

func specMap(v cty.Value) (any, error) {
	out := map[string]any{}
	for it := v.ElementIterator(); it.Next(); {
		key, element := it.Element()
		tree, err := specOf(element)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key.AsString(), err)
		}
		if text, long := tree.(string); long && v.Type().IsObjectType() && key.AsString() == contentName {
			sum := sha256.Sum256([]byte(text))
			tree = map[string]any{"sha256": hex.EncodeToString(sum[:])}
		}
		if tree != nil {
			out[key.AsString()] = tree
		}
	}
	return out, nil
}

func specList(v cty.Value) (any, error) {
	out := []any{}
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		tree, err := specOf(element)
		if err != nil {
			return nil, err
		}
		out = append(out, tree)
	}
	return out, nil
}

func numberOf(f *big.Float) json.Number {
	return json.Number(f.Text('f', -1))
}
