//! Whatever a client sends us as a request, reading it never fails but by an error, and what was read
//! means the same when it is written again.

use alipes_wire::ModelRequest;
use alipes_wire::responses::{CreateRequest, EncodedRequest};

/// The bytes are a body or a frame.
pub(crate) fn holds(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<CreateRequest>(bytes) else {
        return;
    };
    for item in &read.input {
        let _ = item.view();
    }
    let written = EncodedRequest::new(&ModelRequest {
        model: read.model.clone(),
        instructions: read.instructions.clone(),
        input: read.input.clone(),
        tools: read.tools.clone(),
        ..ModelRequest::default()
    });
    for json in [written.body(), written.prewarm_frame(&[])] {
        let again: CreateRequest = serde_json::from_str(&json).unwrap();
        assert_eq!(again.model, read.model);
        assert_eq!(again.instructions, read.instructions);
        assert_eq!(again.input, read.input);
        // Their schemas hold numbers, which may lose a digit.
        let names = |request: &CreateRequest| -> Vec<_> {
            let tools = request.tools.iter();
            tools
                .map(|tool| (tool.name.clone(), tool.description.clone()))
                .collect()
        };
        assert_eq!(names(&again), names(&read));
    }
}
