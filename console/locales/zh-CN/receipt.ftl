### 回执：内容和验证。

## 回执的列表和内容

receipt-none = 还没有回执。发送资料后就会有。
receipt-heading = 回执 { $receipt }
receipt-practice = { "  " }收件方    { $practice }（识别码 { $pin }）
receipt-book = { "  " }账套      { $book }
receipt-period = { "  " }所属期    { $period }
receipt-sender = { "  " }发送方    { $person }，设备 { $device }
receipt-received-at = { "  " }送达时间  { $when }（最后一部分写入网关磁盘的时间）
receipt-accepted-at = { "  " }签收时间  { $when }
receipt-entry = { "  " }日记账    第 { $entry } 条，共 { $size } 条
receipt-custody = { "  " }保管      由事务所的网关加密保管
receipt-documents = { "  " }文件      { $documents } 个，共 { $bytes }
receipt-document-digest = { "      " }SHA-256 { $sha256 }
receipt-file = { "  " }文件位置  { $path }
receipt-verify-hint = 离线验证：counterfoil receipt verify { $path } --document 文件
receipt-fetched = ✓ 回执已从网关取回，与原来的一字不差：{ $path }
receipt-saved = ✓ 回执已保存：{ $path }

## 验证：每项一句话

verify-title = 验证 { $path }
verdict-valid = ✓ 成立
verdict-invalid = ✗ 不成立
verdict-not-checked = － 未检查
property-origin = 发送
property-acceptance = 签收
property-logged = 入账
property-checkpoint = 账头
property-list = 清单
property-document = 文件
property-practice = 事务所
verify-origin-valid = 发送方的设备用自己的密钥签过这份清单；该密钥由这家事务所登记。
verify-origin-invalid = 发送方的签名不成立：清单不是由登记过的设备签的，或签后被改过。
verify-origin-not-checked = 没有检查发送方的签名。
verify-acceptance-valid = 事务所的网关签收了同一份清单。
verify-acceptance-invalid = 网关的签收不成立：签名不对，或签收的不是这份清单。
verify-acceptance-not-checked = 没有检查网关的签收。
verify-logged-valid = 这次签收记在事务所的日记账里，第 { $entry } 条；账上少了它或改了它，都能被发现。
verify-logged-invalid = 证明不成立：这次签收不在所示的日记账里。
verify-logged-not-checked = 没有检查是否已入账。
verify-checkpoint-valid = 日记账当时共 { $size } 条，账头由事务所的记账密钥签过。
verify-checkpoint-invalid = 账头不成立：签名不对，或与证明里的账不一致。
verify-checkpoint-not-checked = 没有检查账头。
verify-list-valid = 文件里的清单就是双方签过的那一份，列有 { $documents } 个文件。
verify-list-invalid = 清单不成立：它不是双方签过的那一份。
verify-list-not-checked = 没有检查清单。
verify-document-valid = { $name } 就是当时送达的那个文件，一个字节也没有变。
verify-document-invalid = { $name } 不在这份回执里：它不是当时送达的文件，或后来改动过。
verify-document-not-checked = 没有给出文件，所以没有比对内容。（--document 文件）
verify-practice-valid = 所有签名都来自您指定的事务所（识别码 { $pin }）。
verify-practice-invalid = 签名不是您指定的事务所的（识别码 { $pin }）。
verify-practice-not-checked = 没有指定事务所，所以什么也不能判为有效。（--practice 识别码）
verify-revocations-not-checked = 后来的吊销：没有检查。
receipt-name-differs = 与回执一起保存的文件名和清单对不上，所以不显示。
verify-reason = 原因：{ $reason }（{ $detail }）
verify-pin-enrolled = 识别码取自这台设备登记过的事务所 { $practice }：{ $pin }
verify-revocations-known = 后来的吊销：这台设备上事务所的根记录（到第 { $number } 号）没有收回任何授权；单台设备的吊销不在其中。
verify-conclusion-valid = ✓ 有效：由这家事务所登记的密钥签过这些内容，它的记账密钥签过包含它们的账头。
verify-conclusion-limits = 它不证明：没有另一本账、确切的时间，或当时是谁在使用那台设备。
verify-conclusion-invalid = ✗ 无效：上面标为“不成立”的地方有问题。不要依赖这份回执。
verify-list-none = 吊销列表：{ $path } 里没有为发送方发证的机构的列表。
verify-list-not-revoked = 第 { $number } 号吊销列表（生成于 { $made }）：发送方的证书未被吊销。此后吊销的，这份列表不知道。
verify-list-suspended-later = 第 { $number } 号吊销列表（生成于 { $made }）：发送方于 { $revoked } 被暂停，晚于这份签名（{ $signed }）；回执仍然有效。
verify-list-revoked-later = 第 { $number } 号吊销列表（生成于 { $made }）：发送方于 { $revoked } 被吊销（{ $reason }），晚于这份签名（{ $signed }）；回执仍然有效。
verify-list-since = 其密钥自 { $since } 起可能落入他人之手，也晚于这份签名。
verify-list-doubtful = 第 { $number } 号吊销列表（生成于 { $made }）：发送方于 { $revoked } 被吊销（{ $reason }），其密钥自 { $since } 起可能已落入他人之手。这份签名（{ $signed }）在两者之间。
verify-list-contradicted = 第 { $number } 号吊销列表（生成于 { $made }）：发送方于 { $revoked } 被吊销（{ $reason }），而事务所在其后的 { $signed } 收下了这份签名。
verify-list-over = 这份列表已于 { $until } 到期：更新的列表可能有更多说明。
verify-conclusion-doubtful = ？存疑：所有签名都成立，但按吊销列表，可能是别人冒用发送方签的。
verify-conclusion-undecided = － 不能判定：缺少上面标为“未检查”的内容。

## 为什么不成立

reason-malformed = 写法不合规定
reason-signature = 签名不对
reason-chain = 证书不是这家事务所签发的
reason-purpose = 证书不是用来签这个的
reason-expired = 签名时证书不在有效期内
reason-differs = 两处说的不一样
reason-root = 算出来的账头和签过的不一样
reason-digest = 内容和登记的不一样
reason-pin = 事务所不是指定的那一家
