profile pix-query-2.5
title Cross-referenced identifiers (IHE ITI-9), QBP^Q23 and RSP^K23, HL7 2.5
message QBP^Q23 RSP^K23
version 2.5

groups
  QPD  R 1..1

segment MSH
  1   R = "|"
  2   R = "^~\&"
  3   R
  4   R
  5   R
  6   R
  7   R precision second
  9.1 R in (QBP RSP)
  9.2 R in (Q23 K23)
  9.3 R in (QBP_Q21 RSP_K23)
  10  R
  11  R
  12.1 R = 2.5

segment QPD
  1   R
  1.1 R = "IHE PIX Query"
  2   R len 1..32
  3   R 1..1
  3.1 R
  3.4 R
  4   O

segment RCP
  1   R = I

segment MSA
  1   R in (AA AE AR)
  2   R

segment QAK
  1   R len 1..32
  2   R in (OK NF AE AR)
  assert 1 = QPD-2 "QAK-1 repeats the query tag"

segment PID
  3   R 1..*
  3.1 R
  3.4 R
  5   R
