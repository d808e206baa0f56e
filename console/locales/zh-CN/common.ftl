### 两个程序共用的话。

## 程序自己的话：失败的标题、提问。

failure-error = 错误 { $code }：
failure-warning = 注意 { $code }：
failure-why = 原因：
failure-next = 办法：
answer-hint = [y/N]
secret-again = 请再输入一次：
secret-unlock = 口令：
secret-new = 设一个口令（输入时不显示）：
secret-device = 这台设备的口令：
secret-recovery = 12 个恢复词，用空格隔开：

## 角色

role-client = 客户
role-bookkeeper = 会计
role-supervisor = 主管
role-admin = 管理员
role-auditor = 审计
role-partner = 合作方

## 密级

class-public = 公开
class-internal = 内部
class-confidential = 机密

## 类别

kind-invoice = 发票
kind-voucher = 其他原始凭证
kind-bank-statement = 银行对账单
kind-contract = 合同
kind-payroll = 工资表
kind-tax-return = 纳税申报表
kind-ledger = 账簿
kind-interim-report = 月度、季度财务报告
kind-annual-report = 年度财务报告
kind-other = 其他资料

## 进度

phase-reading = 正在读取文件夹
phase-hashing = 正在核算
phase-sending = 正在发送
phase-receipt = 等待回执
phase-fetching = 正在取回
phase-verifying = 正在核对
phase-begins = { $phase }… { $documents } 个文件，{ $bytes }
progress-line = { $documents }/{ $documents_total } · { $done } / { $total } · { $pace } · 剩余 { $left }
progress-line-start = { $documents }/{ $documents_total } · { $done } / { $total }
progress-waiting = 连接断了，{ $seconds } 秒后自动重连；已到达的部分不会重发。
progress-busy = 网关正忙，{ $seconds } 秒后再试。
progress-back = 已重新连上，从断处继续。

## 文件的状态

state-uploading = 发送中
state-received = 已收到
state-fetching = 领取中
state-fetched = 会计已取
state-withdrawn = 已撤出
state-held = 已发送过
state-locked = 已锁
state-frozen = 已冻结
state-gone = 已销毁
state-expired = 已过期
state-unfinished = 未完成

## 列表的标题

title-id = 编号
title-name = 名称
title-file = 文件
title-book = 账套
title-period = 所属期
title-kind = 类别
title-class = 密级
title-size = 大小
title-documents = 文件数
title-received = 收到时间
title-sender = 发送人
title-state = 状态
title-fetched-by = 领取人
title-fetched-at = 领取时间
title-person = 人员
title-role = 角色
title-device = 设备
title-until = 有效期至
title-practice = 事务所
title-gateway = 网关
title-submission = 提交

## 设置

setting-title-key = 设置
setting-title-value = 值
setting-title-source = 来源
setting-source-default = 默认
setting-file = Counterfoil 的配置。去掉行首的 # 就能改动一项；写错的名称和会削弱保护的值，启动时会报错。
expected-text = 一段文字
expected-path = 一个路径
expected-address = IP 地址和端口，如 127.0.0.1:4433 或 [::]:4433
expected-switch = true 或 false
expected-count = 一个不带小数的数
expected-bytes = 一个大小，如 48 MiB、200 GB
expected-seconds = 一段时间，如 90s、15m、12h、7d
expected-days = 天数，如 30d
expected-value = 一个值

## 系统为什么拒绝

cause-absent = 不存在
cause-denied = 没有权限
cause-exists = 已经存在
cause-no-folder = 不是文件夹
cause-is-folder = 是文件夹
cause-full = 磁盘已满
cause-read-only = 磁盘是只读的
cause-busy = 正被别的程序占用
cause-encoding = 内容不是 UTF-8 文本
cause-cut = 内容不完整
cause-timeout = 没有回应
cause-refused = 对方拒绝连接
cause-lost = 连接断了
cause-network = 网络不通
cause-name = 找不到这个主机名
cause-in-use = 已被占用
cause-no-address = 这台机器没有这个地址
cause-no-file = 它不是普通文件
cause-key-length = 密钥文件必须正好 32 字节
cause-passphrase-length = 口令最多 1,024 字节
cause-pin-length = PIN 应为 1 至 256 字节
cause-keychain-absent = 没有可用的钥匙串
cause-keychain-locked = 钥匙串已锁定
cause-keychain-entry = 钥匙串里没有这台设备的条目
cause-no-room = 比现有的更多空间
cause-open-to-others = 这台机器上的其他人能读它；请改成私有（chmod 600）

## 其他

list-empty = 没有。
yes = 是
no = 否

## 动态口令

secret-code = 动态口令：
secret-code-first = 手机上现在的口令：
secret-code-second = 变化后的下一个口令：
factor-scan = 请用手机上的验证器应用扫描：
factor-secret = { "  " }或手动输入密钥：{ $secret }
factor-uri = { "  " }{ $uri }
factor-enrolled = ✓ 动态口令已绑定到您的手机。
factor-codes-title = 十个恢复码，手机丢了可以用。每个只能用一次，只显示这一次。请抄下来，不要放在这台设备上：
factor-codes-drawn = ✓ 已生成十个新的恢复码；旧的全部作废。
factor-removed = ✓ 您的动态口令已解除。
factor-has = 您已绑定动态口令；还剩 { $left } 个恢复码。
factor-has-not = 您还没有绑定动态口令。绑定请运行：counterfoil factor enrol
factor-is-locked = 您的动态口令已锁定：一天内口令错了太多次。
factor-reset = ✓ “{ $person }”的动态口令已解除，可以重新绑定。
crl-exported = ✓ 吊销列表已写入 { $path }。
crl-line = { "  " }{ $authority } 的吊销列表  第 { $number } 号，吊销 { $revoked } 张，生成于 { $made }，有效至 { $next }
crl-for-ever = 永久
