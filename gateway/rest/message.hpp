#pragma once
#include "gateway/rest/call.hpp"

namespace causeway::rest {

class Operations;

/// A Bundle of type message (R4, "Messaging using FHIR Resources"), by $process-message or posted to the base: the door
/// into the exchange for those who send FHIR instead of HL7 v2. What it holds is written as one transaction, so that the
/// patient index, routing rules and subscriptions see it as they see any change:
///
/// * a resource whose fullUrl is one of ours is an update of that resource;
/// * one with an identifier of some system is a conditional update by it, so that a feed may say the same thing again;
/// * anything else is created.
///
/// The MessageHeader is stored under its own id; one that is there already means that the message was processed before,
/// and is answered in the same way without doing anything. The answer is a message with `response.code` ok, or the
/// status of what went wrong with fatal-error or transient-error and the outcome.
void process_message(const Services& services, CallPtr call, fhir::DocumentPtr bundle, Answer answer);

void add_message_operation(Operations& operations);

}  // namespace causeway::rest
