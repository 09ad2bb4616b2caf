profile pdq-query-2.5
title Patient demographics query (IHE ITI-21, ITI-22), QBP^Q22 and RSP^K22 and their visit forms, HL7 2.5
message QBP^Q22 QBP^ZV1 RSP^K22 RSP^ZV2
version 2.5

segment MSH
  1   R = "|"
  2   R = "^~\&"
  3   R
  4   R
  5   R
  6   R
  7   R precision second
  9.1 R in (QBP RSP)
  9.2 R in (Q22 ZV1 K22 ZV2)
  9.3 R in (QBP_Q21 RSP_K21 RSP_K22 RSP_ZV2)
  10  R
  11  R
  12.1 R = 2.5

segment QPD
  1   R
  1.1 R in ("IHE PDQ Query" "IHE PDVQ Query")
  2   R len 1..32
  3   R 1..*
  8   O

segment RCP
  1   R = I
  2   O

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
  7   RE precision day
  8   RE
  11  RE
