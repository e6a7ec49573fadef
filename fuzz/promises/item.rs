//! An item is its JSON text: whatever a view makes of it, it goes back as it came.

use alipes_wire::responses::{CreateRequest, EncodedRequest};
use alipes_wire::{Item, ItemView, ModelRequest};
use serde_json::{Map, Value};

/// JSON's own white space; around an item it says nothing.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// The bytes are one item.
pub(crate) fn holds(bytes: &[u8]) {
    let Ok(json) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(item) = Item::parse(json) else {
        let object = serde_json::from_str::<Map<String, Value>>(json);
        assert!(object.is_err(), "an object was refused: {json}");
        return;
    };
    let view = item.view();
    assert_eq!(view, item.clone().view());
    if let ItemView::FunctionCall { call_id, .. } = &view {
        let output = Item::function_call_output(call_id, "done");
        assert!(matches!(output.view(),
            ItemView::FunctionCallOutput { call_id: same, output } if same == *call_id && output == "done"));
    }
    assert_eq!(&**item.json(), json.trim_matches(SPACE));
    assert_eq!(serde_json::to_string(&item).unwrap(), **item.json());
    goes_back(item);
}

/// Sent as input and read by a server, it is the same item.
fn goes_back(item: Item) {
    let request = EncodedRequest::new(&ModelRequest {
        input: vec![item.clone(), Item::user("hi"), item],
        ..ModelRequest::default()
    });
    for json in [request.body(), request.create_frame(None, &[("k", "v")])] {
        let read: CreateRequest = serde_json::from_str(&json).unwrap();
        assert_eq!(read.input, request.input());
    }
}
