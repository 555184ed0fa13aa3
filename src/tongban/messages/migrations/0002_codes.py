from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tongban_messages', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='expires_at',
            field=models.DateTimeField(null=True, verbose_name='失效时间'),
        ),
        migrations.AlterField(
            model_name='message',
            name='kind',
            field=models.CharField(choices=[('receipt', '已收件'), ('correction', '收件地要求补正'), ('home_correction', '属地要求补正'), ('correction_due', '补正即将到期'), ('lapsed', '逾期未补正'), ('accepted', '已受理'), ('declined', '不予受理'), ('suspended', '依法暂停计时'), ('resumed', '恢复计时'), ('granted', '准予'), ('refused', '不予许可'), ('result_sent', '结果已寄出'), ('ready_home', '结果可到属地窗口领取'), ('ready_here', '结果可到收件地窗口领取'), ('delivery_failed', '送达未成功'), ('delivered', '结果已送达'), ('withdrawn', '已撤回'), ('code', '验证码')], max_length=20, verbose_name='消息'),
        ),
        migrations.AlterField(
            model_name='template',
            name='kind',
            field=models.CharField(choices=[('receipt', '已收件'), ('correction', '收件地要求补正'), ('home_correction', '属地要求补正'), ('correction_due', '补正即将到期'), ('lapsed', '逾期未补正'), ('accepted', '已受理'), ('declined', '不予受理'), ('suspended', '依法暂停计时'), ('resumed', '恢复计时'), ('granted', '准予'), ('refused', '不予许可'), ('result_sent', '结果已寄出'), ('ready_home', '结果可到属地窗口领取'), ('ready_here', '结果可到收件地窗口领取'), ('delivery_failed', '送达未成功'), ('delivered', '结果已送达'), ('withdrawn', '已撤回'), ('code', '验证码')], max_length=20, verbose_name='消息'),
        ),
    ]
