#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"
#include "gateway/exchange/outgoing_message.hpp"

namespace causeway::exchange {

/// A transaction Bundle that makes another server hold these resources as we do. Sending it twice has one effect.
///
/// `theirs`: the other server keeps ids of its own. Each resource with an identifier is a conditional PUT by its first
/// one, references between them are urn:uuid; one without an identifier is left out if nothing finds it again, and
/// references to it go. Otherwise each is a PUT under our id (the server must allow update as create).
MadeMessage make_transaction(const std::vector<fhir::DocumentPtr>& resources, bool theirs);

/// An ITI-65 Provide Document Bundle (MHD 4.2): SubmissionSet List, DocumentReference, Binary, from a DocumentReference
/// (the first resource) and what it refers to. The document must be there, as data or as a Binary among the resources;
/// its hash (SHA-1) and size are computed from it. One with relatesTo `replaces` says so to the recipient.
MadeMessage make_document_submission(const std::vector<fhir::DocumentPtr>& resources, std::string_view source_id,
                                     std::string_view now, std::string_view unique_id);

}  // namespace causeway::exchange
